/** A value that others hold before it is made. `get` fails while it is not there. */
export type Later<Value> = { get(): Value; set(value: Value): void };

export function later<Value>(what: string): Later<Value> {
  let made: { readonly value: Value } | undefined;
  return {
    get() {
      if (!made) throw new Error(`${what} is used before it is made`);
      return made.value;
    },
    set(value) {
      made = { value };
    },
  };
}
