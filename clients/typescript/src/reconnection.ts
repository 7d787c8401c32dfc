/** Whether a client comes back when its socket is closed, and when. */

import { closeCodes } from "./generated/messages.js";

export type CloseCode = keyof typeof closeCodes;

/** Milliseconds; `null`: it stays away; `"told"`: the server has said how long. */
const PAUSES: Record<CloseCode, number | null | "told"> = {
  1008: null,
  1009: null,
  1012: "told",
  1013: 10_000,
  4401: 0,
  4403: null,
  4408: 1_000,
  4409: null,
  4429: 10_000,
};
const LONGEST = 30_000;

/** The server closed the socket for a reason for which coming back helps nobody. */
export class SocketClosedError extends Error {
  override readonly name: string = "SocketClosedError";
  readonly code: CloseCode;

  constructor(code: CloseCode) {
    const { reason, advice } = closeCodes[code];
    super(`${code}, ${reason}: ${advice}`);
    this.code = code;
  }
}

/** The pause after a socket was closed, or failed so many times; throws where a client stays away. */
export function pauseAfter(code: number, failures: number, told: number | null): number {
  const pause = code in PAUSES ? PAUSES[code as CloseCode] : "network";
  if (pause === null) throw new SocketClosedError(code as CloseCode);
  if (pause === "told" && told !== null) return told;
  // What happens to all devices at the same moment does not bring them back at the same moment.
  const backOff = Math.random() * Math.min(LONGEST, 1_000 * 2 ** failures);
  if (typeof pause !== "number") return backOff;
  return Math.max(pause * (1 + Math.random() / 5), failures > 0 ? backOff : 0);
}
