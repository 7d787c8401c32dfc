// What an app may write, and what the compiler refuses it.

import {
  type Event,
  type EventOf,
  keyValueStorage,
  type Message,
  type RideRequest,
  TripSync,
  unwrap,
} from "@tripsync/client";

const storage = keyValueStorage(localStorage, { locks: navigator.locks });
const { api, session, follow } = new TripSync({ baseUrl: "http://localhost:8000", storage, WebSocket });
export { follow };

// Answers have types, and names.
export const ride: RideRequest = await unwrap(
  api.GET("/api/pool/requests/{request_id}", { params: { path: { request_id: 7 } } }),
);
// @ts-expect-error: there is no such call
await api.GET("/api/nothing");
// @ts-expect-error: a body lacks what it needs
await api.POST("/api/pool/connections/send", { body: {} });
// @ts-expect-error: this call takes no such status
await api.GET("/api/moderation/reports", { params: { query: { status: "shut" } } });

// A call has the codes that it documents.
const { error } = await session.logIn({ email: "asha@djsce.example", password: "four sparrows" });
switch (error?.code) {
  case "wrong_credentials":
  case "banned":
    break;
  // @ts-expect-error: signing in is never refused so
  case "not_authenticated":
    break;
}

// Messages are told apart by their type.
export function show(message: Message): string {
  switch (message.type) {
    case "match_found":
      return message.match.full_name;
    case "chat_message":
      return `${message.sender_name}: ${message.content}`;
    case "error":
      return message.detail;
    default:
      // @ts-expect-error: not all of the others have a match
      return message.match.full_name;
  }
}
const kinds: Event["type"] = "ride_started";
export const started: EventOf<typeof kinds>["pool_id"] = 7;

const feed = new TripSync({ baseUrl: "http://localhost:8000" }).follow({ after: 118 });
feed.send({ type: "position", latitude: 19.1, longitude: 72.8 });
// @ts-expect-error: the client says this by itself
feed.send({ type: "auth", token: "..." });
// @ts-expect-error: a message needs somebody who gets it
feed.send({ type: "chat_message", content: "Hello" });
