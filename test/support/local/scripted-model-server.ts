import type { ModelServer, ServerContainer, Start } from '#adapters/local/servers/model-server.ts';

/** A model server of which a test decides when it is ready and when it ends. */
export type ScriptedModelServer = {
  readonly server: ModelServer;
  readonly origin: string;
  ready(): Promise<void>;
  crash(): Promise<void>;
};

export function scriptedModelServer(
  number: number,
  pid?: number,
  container?: ServerContainer,
): ScriptedModelServer {
  const started = Promise.withResolvers<Start>();
  const ended = Promise.withResolvers<void>();
  const origin = `http://server-${number}`;
  let reason: string | undefined;
  const end = async (why: string) => {
    reason ??= why;
    started.resolve({ kind: 'died', reason });
    ended.resolve();
    await ended.promise;
  };
  return {
    server: {
      started: started.promise,
      ended: ended.promise,
      launched: Promise.resolve(),
      pid: () => pid,
      container: () => container,
      diagnosis: () => reason,
      isOutOfMemory: () => reason?.startsWith('used ') ?? false,
      stop: () => end('was stopped'),
      kill: end,
    },
    origin,
    async ready() {
      started.resolve({ kind: 'ready', origin });
      await started.promise;
    },
    crash: () => end('exited with code 1'),
  };
}
