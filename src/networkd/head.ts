/** The head of every generated file; its second line says whose file it is, also when the base file is gone. */
export function head(what: string, link: string): string {
  return `# Written by netkeep: ${what} of ${link}. Do not edit: the next "netkeep apply" overwrites it.\n# netkeep link=${link}\n`;
}
