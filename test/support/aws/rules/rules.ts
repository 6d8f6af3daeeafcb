/** A call that a client receives, by the command's name without `Command`. */
export type AwsCall = {
  readonly command: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Asks the same service something else, by the command's class; no rule sees that. */
  send<Class extends CommandClass>(
    Command: Class,
    input: ConstructorParameters<Class>[0],
  ): Promise<OutputOf<Class>>;
};

type CommandClass = new (
  input: never,
) => { resolveMiddleware(...args: never): (...args: never) => Promise<{ output: object }> };

type OutputOf<Class extends CommandClass> = Awaited<
  ReturnType<ReturnType<InstanceType<Class>['resolveMiddleware']>>
>['output'];

/** An error as AWS answers it; `fields` are its fields beside the name and the message. */
export type Refusal = {
  readonly name: string;
  readonly message: string;
  readonly status: number;
  readonly fields?: Readonly<Record<string, unknown>>;
};

/** A rule's answer to a call before moto sees it: a refusal, AWS's own answer, or nothing. */
export type Ruling = Refusal | { readonly output: object } | undefined;

/**
 * A behaviour of AWS that moto lacks; `source` says how we know.
 * `service` is the client's name without `Client`, `commands` are without `Command`. `after` answers the output that the client gets instead.
 */
export type AwsRule = {
  readonly name: string;
  readonly service: string;
  readonly commands: readonly string[];
  readonly source: string;
  before?(call: AwsCall): Ruling | Promise<Ruling>;
  after?(call: AwsCall, output: object): object | undefined | Promise<object | undefined>;
};

export type AwsRules = {
  /** Puts the rules between a client and its service; returns the client. */
  guard<Client extends AnyClient>(client: Client): Client;
  /** The rules that changed an answer so far, by name, each as often as it did. */
  fired(): readonly string[];
};

/** The common part of the clients of all services, as loosely typed as their differences require. */
export type AnyClient = {
  readonly middlewareStack: { add(middleware: never, options: never): void };
  send(command: never): Promise<unknown>;
};

type Handler = (args: { readonly input: object }) => Promise<{ output: object }>;
export type Middleware = (
  next: Handler,
  context: { readonly clientName: string; readonly commandName: string },
) => Handler;

const asides = new WeakSet<object>();

/** Whether a rule makes this call for itself: it never reaches AWS, so no fault hits it on its way there. */
export function isAside(input: object): boolean {
  return asides.has(input);
}

/** AWS's own rules in front of moto. They stand behind the client's retries: it retries the same errors as with AWS. */
export function awsRules(rules: readonly AwsRule[]): AwsRules {
  const fired: string[] = [];

  return {
    fired: () => fired,
    guard(client) {
      addMiddleware(client, (next, { clientName, commandName }) => async (args) => {
        const command = commandName.replace(/Command$/, '');
        const about = rules.filter(
          (rule) => `${rule.service}Client` === clientName && rule.commands.includes(command),
        );
        if (about.length === 0 || isAside(args.input)) return next(args);
        const call: AwsCall = {
          command,
          input: { ...args.input },
          send(Command, input) {
            const aside = { ...(input as object) };
            asides.add(aside);
            return client.send(new Command(aside as never) as never) as never;
          },
        };
        return ruled(about, call, () => next(args), fired);
      });
      return client;
    },
  };
}

async function ruled(
  rules: readonly AwsRule[],
  call: AwsCall,
  ask: () => Promise<{ output: object }>,
  fired: string[],
): Promise<{ output: object }> {
  for (const rule of rules) {
    const ruling = await rule.before?.(call);
    if (!ruling) continue;
    fired.push(rule.name);
    if ('output' in ruling)
      return { output: { $metadata: { httpStatusCode: 200 }, ...ruling.output } };
    throw awsError(ruling);
  }
  const answer = await ask();
  let { output } = answer;
  for (const rule of rules) {
    const amended = await rule.after?.(call, output);
    if (!amended || amended === output) continue;
    fired.push(rule.name);
    output = amended;
  }
  return { ...answer, output };
}

/** An error that a client throws when AWS answers this. */
export function awsError({ name, message, status, fields }: Refusal): Error {
  return Object.assign(new Error(message), {
    name,
    $fault: status >= 500 ? 'server' : 'client',
    $metadata: { httpStatusCode: status, requestId: 'aws-rules', attempts: 1 },
    ...fields,
  });
}

/** Puts a middleware where a client's request is complete, behind its retries and before the answer is read by them. */
export function addMiddleware(client: AnyClient, middleware: Middleware): void {
  client.middlewareStack.add(
    middleware as never,
    { step: 'finalizeRequest', priority: 'low' } as never,
  );
}
