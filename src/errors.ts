/** The exit statuses of design and man page, by what a caller can do about them (sysexits(3) from 64 up). */
export const exitCodes = {
  asDesired: 0,
  differs: 1,
  failed: 2,
  usage: 64,
  badData: 65,
  unavailable: 69,
  busy: 75,
  notPermitted: 77,
  badSettings: 78,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error whose message is meant for the user: what is wrong, where, what to do. `cli.ts` prints it without a stack. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** A program that netkeep called did not do what it was asked: the command, its status and what it said. */
export class CommandError extends UserError {
  override readonly name = "CommandError";

  constructor(command: string, status: number | string, output: string, options?: ErrorOptions) {
    const said = output.trim();
    super(exitCodes.failed, `${command}: ${status}${said === "" ? "" : `: ${said}`}`, options);
  }
}
