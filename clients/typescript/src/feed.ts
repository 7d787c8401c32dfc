/** A feed is a rider's events, once each and in order, over as many sockets as that takes. */

import { Channel } from "./channel.js";
import { Connection, type Heard, type SocketConstructor } from "./connection.js";
import { type Frame, isEvent, type Message } from "./messages.js";
import { pauseAfter } from "./reconnection.js";
import { type AuthSession, SignedOutError } from "./session.js";
import type { StoredTokens } from "./storage.js";

export type FeedStatus = "connecting" | "open" | "waiting" | "closed";

export interface FollowOptions {
  /** The `seq` after which to go on, as `feed.seq` said when the app was closed. */
  after?: number | undefined;
  /** Whether an event is acknowledged when the next one is asked for; true unless said. */
  acknowledge?: boolean | undefined;
  onStatus?: ((status: FeedStatus) => void) | undefined;
}

const SIGNED_OUT = 4401;
// Events that come together are acknowledged together.
const ACKNOWLEDGED_WITHIN = 500;

export class Feed implements AsyncIterableIterator<Message, undefined> {
  private readonly session: AuthSession;
  private readonly url: string;
  private readonly WebSocket: SocketConstructor;
  private readonly options: FollowOptions;
  private readonly channel = new Channel<Message>();
  private connection: Connection | null = null;
  /** The latest event that arrived. */
  private arrived: number | null;
  private handled: number | null;
  private inHand: Message | null = null;
  private failures = 0;
  private told: number | null = null;
  private over = false;
  private endPause: () => void = () => undefined;
  private acknowledgement: ReturnType<typeof setTimeout> | undefined;

  constructor(
    session: AuthSession,
    url: string,
    WebSocket: SocketConstructor,
    options: FollowOptions,
  ) {
    this.session = session;
    this.url = url;
    this.WebSocket = WebSocket;
    this.options = options;
    this.arrived = this.handled = options.after ?? null;
    void this.run();
  }

  /** The last event that the app has dealt with; what to give to `follow({ after })` next time. */
  get seq(): number | undefined {
    return this.handled ?? undefined;
  }

  /** Asking for a message says that the one before is dealt with. */
  next(): Promise<IteratorResult<Message, undefined>> {
    this.settle();
    return this.channel.take().then((result) => {
      this.inHand = result.value ?? null;
      return result;
    });
  }

  return(): Promise<IteratorResult<Message, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Says something now; false when there is no line, and nothing was said. */
  send(frame: Frame): boolean {
    return this.connection?.send(frame) ?? false;
  }

  /** Tells the server that this device has taken in every event up to this one. */
  ack(seq: number): boolean {
    return this.connection?.send({ type: "ack", seq }) ?? false;
  }

  /** Comes back now, or sees whether the line still is one: the network changed, or the app woke. */
  reconnect(): void {
    this.connection?.probe();
    this.endPause();
  }

  close(): void {
    this.stop();
    this.channel.close();
  }

  private async run(): Promise<void> {
    let refused: StoredTokens | null = null;
    try {
      while (!this.over) {
        this.show("connecting");
        const tokens = await this.tokens(refused);
        const code = tokens ? await this.attend(tokens) : undefined;
        refused = code === SIGNED_OUT ? (this.connection?.tokens ?? null) : null;
        this.connection = null;
        if (this.over) return;
        const pause = pauseAfter(code ?? 0, this.failures, this.told);
        this.failures += 1;
        this.show("waiting");
        await this.pause(pause);
      }
    } catch (reason) {
      this.stop();
      this.channel.fail(reason);
    }
  }

  /** Undefined where the server cannot be reached. */
  private async tokens(refused: StoredTokens | null): Promise<StoredTokens | undefined> {
    const asked = refused === null ? this.session.tokens() : this.session.renewed(refused);
    const tokens = await asked.catch(() => undefined);
    if (tokens === null) throw new SignedOutError();
    return tokens;
  }

  /** Listens until the socket is closed. */
  private attend(tokens: StoredTokens): Promise<number> | undefined {
    if (this.over) return undefined;
    const url = this.arrived === null ? this.url : `${this.url}?after=${this.arrived}`;
    this.told = null;
    this.connection = new Connection(new this.WebSocket(url), this.session, tokens, (message) =>
      this.hear(message),
    );
    return this.connection.closed;
  }

  private hear(message: Heard): void {
    switch (message.type) {
      case "authenticated":
        this.show("open");
        return;
      case "going_away":
        this.told = message.retry_after_ms;
        return;
      case "ready":
      case "reload_required":
        this.arrived = message.seq;
        this.failures = 0;
        break;
      case "resumed":
        this.failures = 0;
        break;
      case "error":
        // What follows is dealt with here: the socket is closed.
        if (message.about === "auth") return;
        break;
      default:
        if (!isEvent(message)) break;
        if (message.seq <= (this.arrived ?? 0)) return;
        this.arrived = message.seq;
    }
    this.channel.put(message);
  }

  private settle(): void {
    const message = this.inHand;
    this.inHand = null;
    if (message === null || !("seq" in message)) return;
    this.handled = message.seq;
    if (!isEvent(message) || this.options.acknowledge === false) return;
    this.acknowledgement ??= setTimeout(() => this.acknowledge(), ACKNOWLEDGED_WITHIN);
  }

  private acknowledge(): void {
    clearTimeout(this.acknowledgement);
    this.acknowledgement = undefined;
    this.ack(this.handled ?? 0);
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private stop(): void {
    if (this.over) return;
    this.over = true;
    if (this.acknowledgement !== undefined) this.acknowledge();
    this.connection?.end();
    this.endPause();
    this.show("closed");
  }

  private show(status: FeedStatus): void {
    this.options.onStatus?.(status);
  }
}
