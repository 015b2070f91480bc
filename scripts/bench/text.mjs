/** A row for people. */
export function rowText({ name, peer, ratio, seconds, wanted, peakMebibytes }) {
  const spread = `${digits(ratio.median)} (${digits(ratio.min)} to ${digits(ratio.max)})`;
  const times = `${time(seconds.ours)} / ${time(seconds.peer)}`;
  const goal = wanted === undefined ? "" : `, wanted ${wanted}`;
  const peak = peakMebibytes === undefined ? "" : `, peak ${peakMebibytes} MiB`;
  return `${name} / ${peer}: ${spread}, ${times}${goal}${peak}`;
}

/** The rows as a table in Markdown. */
export function tableText(rows) {
  const lines = rows.map(({ name, peer, ratio, seconds, wanted, peakMebibytes }) => {
    const cells = [
      name,
      `\`${peer}\``.replace(/^`((?!node|ip |netplan|networkctl).*)`$/, "$1"),
      `**${digits(ratio.median)}**`,
    ];
    const rest = [`${digits(ratio.min)} to ${digits(ratio.max)}`, wanted ?? "", time(seconds.ours), time(seconds.peer)];
    return `| ${[...cells, ...rest, peakMebibytes ?? ""].join(" | ")} |`;
  });
  const head =
    "| what | against | ratio | min to max | wanted | ours | theirs | peak, MiB |\n|---|---|---|---|---|---|---|---|";
  return `${head}\n${lines.join("\n")}\n`;
}

function digits(ratio) {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
}

function time(seconds) {
  return seconds < 0.001
    ? `${(seconds * 1e6).toFixed(1)} µs`
    : seconds < 1
      ? `${(seconds * 1000).toFixed(0)} ms`
      : `${seconds.toFixed(2)} s`;
}
