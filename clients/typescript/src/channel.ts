/** What one side brings and the other takes when it is ready for it. */

interface Taker<Item> {
  resolve(result: IteratorResult<Item, undefined>): void;
  reject(reason: unknown): void;
}

export class Channel<Item> {
  private items: Item[] = [];
  private takers: Taker<Item>[] = [];
  private end: { reason?: unknown } | null = null;

  put(item: Item): void {
    if (this.end) return;
    const taker = this.takers.shift();
    if (taker) taker.resolve({ done: false, value: item });
    else this.items.push(item);
  }

  /** What was brought before a failure is still taken. */
  fail(reason: unknown): void {
    this.end ??= { reason };
    for (const taker of this.takers.splice(0)) taker.reject(reason);
  }

  /** Nothing is taken any more. */
  close(): void {
    this.end ??= {};
    this.items = [];
    for (const taker of this.takers.splice(0)) taker.resolve({ done: true, value: undefined });
  }

  take(): Promise<IteratorResult<Item, undefined>> {
    if (this.items.length > 0) {
      return Promise.resolve({ done: false, value: this.items.shift() as Item });
    }
    if (this.end === null) {
      return new Promise((resolve, reject) => this.takers.push({ resolve, reject }));
    }
    const { reason } = this.end;
    // It fails once; who asks again is at the end.
    this.end = {};
    return reason === undefined
      ? Promise.resolve({ done: true, value: undefined })
      : Promise.reject(reason);
  }
}
