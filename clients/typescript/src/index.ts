export type { SocketConstructor, SocketLike } from "./connection.js";
export { Feed, type FeedStatus, type FollowOptions } from "./feed.js";
export { formOf } from "./form.js";
export type * from "./generated/calls.js";
export {
  type ChatMessageFrame,
  closeCodes,
  type ErrorMessage,
  type PositionFrame,
} from "./generated/messages.js";
export type { EventOf, Frame, Message } from "./messages.js";
export { type Answer, ProblemError, unwrap } from "./problems.js";
export { type CloseCode, SocketClosedError } from "./reconnection.js";
export { type Fetch, AuthSession, SignedOutError } from "./session.js";
export {
  keyValueStorage,
  type KeyValueStore,
  type Locks,
  memoryStorage,
  type StoredTokens,
  type TokenStorage,
} from "./storage.js";
export { TripSync, type TripSyncOptions } from "./tripsync.js";
