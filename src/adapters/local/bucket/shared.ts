/** Who asks for the same, by its key, while it is under way waits for the same task; one that comes later begins another. */
export function shared(): (key: string, task: () => Promise<void>) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  return (key, task) => {
    const one = running.get(key) ?? task();
    running.set(key, one);
    return one.finally(() => running.delete(key));
  };
}
