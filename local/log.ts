import { type LoggerOptions, pino } from "pino";

/** Lines that could not be written are kept up to so many bytes, and those that come after dropped. */
const mostKeptBytes = 1_048_576;

/**
 * The log of a program, one JSON line an entry, on its standard output. A disk that is full costs lines, never the
 * program: what is kept is written as soon as there is room.
 */
export function openLog(options: LoggerOptions) {
  const lines = pino.destination({ dest: 1, sync: true, maxLength: mostKeptBytes });
  lines.on("error", () => {}); // nobody is left whom it could be told
  return pino(options, lines);
}
