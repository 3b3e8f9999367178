/** A first-in-first-out queue in one array: taking from the front is amortised O(1) and keeps nothing taken alive. */
export interface Queue<T> {
  readonly length: number;
  push(item: T): void;
  peek(): T | undefined;
  shift(): T | undefined;
  clear(): void;
}

export function createQueue<T>(): Queue<T> {
  let items: (T | undefined)[] = [];
  let front = 0;
  return {
    get length() {
      return items.length - front;
    },
    push(item) {
      items.push(item);
    },
    peek: () => items[front],
    shift() {
      if (front === items.length) return undefined;
      const item = items[front];
      items[front++] = undefined;
      if (front === items.length) {
        items = [];
        front = 0;
      } else if (front >= 1024 && front * 2 >= items.length) {
        items = items.slice(front);
        front = 0;
      }
      return item;
    },
    clear() {
      items = [];
      front = 0;
    },
  };
}
