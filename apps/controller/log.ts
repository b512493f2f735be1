/** Logs go to stderr: JSON lines for programs, plain ones for a person at a terminal. */
import pino, { type Logger } from 'pino';

const words: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: '',
  40: 'warning: ',
  50: 'error: ',
  60: 'fatal: ',
};

export function makeLog(isJson: boolean): Logger {
  const options = { level: process.env.PATRONUS_LOG_LEVEL ?? 'info', base: null };
  if (isJson) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(options, { write: (line: string) => process.stderr.write(`${readable(line)}\n`) });
}

function readable(line: string): string {
  const { level, time, msg, err } = JSON.parse(line) as {
    level: number;
    time: number;
    msg?: string;
    err?: { stack?: string };
  };
  const at = new Date(time).toTimeString().slice(0, 8);
  return `${at} ${words[level] ?? ''}${msg ?? ''}${err?.stack === undefined ? '' : `\n${err.stack}`}`;
}
