import pg from "pg";
import { Unavailable } from "#server/store/transitions.ts";

/**
 * Whether an error says that PostgreSQL cannot be reached or cannot work right now (restarting, out of connections,
 * disk full), and not that we asked for something wrong. Classes of SQLSTATE: appendix A of its manual.
 */
export function isStoreTrouble(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return ["08", "53", "57", "58"].includes((error.code ?? "").slice(0, 2));
  if (error instanceof Unavailable) return true;
  if (!(error instanceof Error)) return false;
  // The socket to PostgreSQL is the only one that a request waits for.
  if ("syscall" in error && ["connect", "read", "write"].includes(String(error.syscall))) return true;
  return /^Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection/.test(
    error.message,
  );
}
