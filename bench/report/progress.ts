/** What is being measured, while it is: a line that rewrites itself on a terminal (stderr), and lines that stay (stdout). */
export interface Progress {
  /** What is going on now. */
  say(text: string): void;
  /** A line that stays. */
  tell(text: string): void;
  end(): void;
}

const everyMs = 250;
const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** 0:07, 12:30. */
export const clock = (ms: number): string => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

export function createProgress(out: NodeJS.WriteStream = process.stderr): Progress {
  const begun = performance.now();
  let text = "";
  let turns = 0;
  const draw = (): void => {
    if (text === "") return;
    const line = `${spinner[turns++ % spinner.length]} ${clock(performance.now() - begun)}  ${text}`;
    out.write(`\r\u001b[K${line.slice(0, out.columns - 1)}`);
  };
  const clear = (): void => {
    if (out.isTTY) out.write("\r\u001b[K");
  };
  const timer = out.isTTY ? setInterval(draw, everyMs) : undefined;
  timer?.unref();
  return {
    say(now) {
      text = now;
      if (out.isTTY) draw();
    },
    tell(line) {
      clear();
      process.stdout.write(`${line}\n`);
      if (out.isTTY) draw();
    },
    end() {
      clearInterval(timer);
      text = "";
      clear();
    },
  };
}
