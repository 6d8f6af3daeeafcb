import { useEffect, useState } from 'preact/hooks';

/** A value that parts of the page show; they are drawn again when it changes. */
export type Store<Value> = {
  get(): Value;
  set(value: Value): void;
  /** For a component: the value now, and as it changes. */
  use(): Value;
};

export function store<Value>(initial: Value): Store<Value> {
  let value = initial;
  const listeners = new Set<(value: Value) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const hear of listeners) hear(value);
    },
    use() {
      const [shown, show] = useState(() => value);
      useEffect(() => {
        const hear = (next: Value) => show(() => next);
        hear(value);
        listeners.add(hear);
        return () => void listeners.delete(hear);
      }, []);
      return shown;
    },
  };
}
