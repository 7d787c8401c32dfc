/** A server of TripSync, and the rider who uses it from this device. */

import createClient, { type Client } from "openapi-fetch";
import type { SocketConstructor } from "./connection.js";
import { Feed, type FollowOptions } from "./feed.js";
import type { paths } from "./generated/calls.js";
import { type Fetch, AuthSession } from "./session.js";
import { memoryStorage, type TokenStorage } from "./storage.js";

export interface TripSyncOptions {
  /** Where the server is, without `/api`: `https://rides.example.edu`. */
  baseUrl: string;
  /** Where tokens are kept; in memory unless said. */
  storage?: TokenStorage | undefined;
  /** Called when the server has ended the session: show the sign-in. */
  onSignedOut?: (() => void) | undefined;
  /** In place of the global one. */
  fetch?: Fetch | undefined;
  /** In place of the global one, which Node has from 22 on. */
  WebSocket?: SocketConstructor | undefined;
}

export class TripSync {
  /** Every call of `/openapi.json`, typed: `api.POST("/api/pool/requests", { body })`. */
  readonly api: Client<paths>;
  readonly session: AuthSession;
  private readonly socketUrl: string;
  private readonly WebSocket: SocketConstructor | undefined;

  constructor(options: TripSyncOptions) {
    const baseUrl = options.baseUrl.replace(/\/+$/, "");
    const fetch: Fetch = options.fetch ?? ((request) => globalThis.fetch(request));
    this.session = new AuthSession(
      baseUrl,
      fetch,
      options.storage ?? memoryStorage(),
      options.onSignedOut ?? (() => undefined),
    );
    this.api = createClient<paths>({ baseUrl, fetch: this.session.authorized });
    this.socketUrl = `${baseUrl.replace(/^http/, "ws")}/api/ws/pool`;
    this.WebSocket = options.WebSocket;
  }

  /** The rider's events from now on: `for await (const message of tripsync.follow())`. */
  follow(options: FollowOptions = {}): Feed {
    const WebSocket = this.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined);
    if (WebSocket === undefined) {
      throw new Error("There is no WebSocket here; give one: new TripSync({ baseUrl, WebSocket }).");
    }
    return new Feed(this.session, this.socketUrl, WebSocket, options);
  }
}
