/** The listeners that are called as each step begins and ends. */
export function stepListeners() {
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    onStep(listener: () => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async told<Answer>(step: () => Promise<Answer>): Promise<Answer> {
      tell();
      try {
        return await step();
      } finally {
        tell();
      }
    },
  };
}
