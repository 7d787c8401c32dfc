/** What goes over sockets, as the AsyncAPI document has it, sorted by who deals with it. */

import type { Event } from "./generated/calls.js";
import type { Heard, Said } from "./generated/messages.js";

/** What the server says and an app hears, told apart by `type`. There will be more types. */
export type Message = Exclude<Heard, { type: "authenticated" | "going_away" | "pong" }>;

/** The event of a type: `EventOf<"match_found">`. */
export type EventOf<Type extends Event["type"]> = Extract<Event, { type: Type }>;

/** What an app may say; the client says the rest by itself. */
export type Frame = Exclude<Said, { type: "ack" | "auth" | "ping" | "resume" }>;

const NOT_EVENTS = new Set<string>(["ready", "reload_required", "resumed"]);

export function isEvent(message: Heard): message is Event & Heard {
  return "seq" in message && !NOT_EVENTS.has(message.type);
}
