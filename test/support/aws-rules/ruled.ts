import type { AwsCall, AwsRule } from '../aws/rules/rules.ts';

/** What the service answers when a rule asks it something else, by the command's name without `Command`. */
export type Answers = Readonly<Record<string, (input: never) => object>>;

/** What rules make of a call that the service would take, one after the other: the name of a refusal, the output that the caller gets, or undefined where they leave both alone. */
export async function ruled(
  rules: readonly AwsRule[],
  command: string,
  input: object,
  { answers = {}, output = {} }: { readonly answers?: Answers; readonly output?: object } = {},
): Promise<string | object | undefined> {
  const about = rules.filter(({ commands }) => commands.includes(command));
  const call: AwsCall = {
    command,
    input: { ...input },
    async send(Command, asked) {
      const name = (Command as unknown as { name: string }).name.replace(/Command$/, '');
      const answer = answers[name];
      if (!answer) throw new Error(`nobody answers ${name}`);
      return answer(asked as never) as never;
    },
  };
  for (const rule of about) {
    const ruling = await rule.before?.(call);
    if (ruling) return 'output' in ruling ? ruling.output : ruling.name;
  }
  let amended: object | undefined;
  for (const rule of about) {
    const answer = await rule.after?.(call, amended ?? output);
    amended = answer ?? amended;
  }
  return amended;
}
