import type { AwsCall, AwsRule } from '../aws/rules/rules.ts';

/** The service's answers to the calls that a rule makes, by the command's name without `Command`. */
export type Answers = Readonly<Record<string, (input: never) => object>>;

/**
 * The verdict of a service's rules on a call that the service would take: the name of a refusal, the output that the caller gets, or undefined where the rules leave both alone.
 * Each rule has a name and a source, and a refusal also its reason.
 */
export async function ruled(
  rules: readonly AwsRule[],
  asked: string,
  input: object,
  { answers = {}, output = {} }: { readonly answers?: Answers; readonly output?: object } = {},
): Promise<string | object | undefined> {
  const [service, command = ''] = asked.split('.');
  const about = rules.filter((rule) => rule.service === service && rule.commands.includes(command));
  for (const { name, source } of about) expect(name && source).toBeTruthy();
  const call: AwsCall = {
    command,
    input: { ...input },
    async send(Command, aside) {
      const name = (Command as unknown as { name: string }).name.replace(/Command$/, '');
      const answer = answers[name];
      if (!answer) throw new Error(`nobody answers ${name}`);
      return answer(aside as never) as never;
    },
  };
  for (const rule of about) {
    const ruling = await rule.before?.(call);
    if (!ruling) continue;
    if ('output' in ruling) return ruling.output;
    expect(ruling.message).not.toBe('');
    return ruling.name;
  }
  let amended: object | undefined;
  for (const rule of about) {
    const answer = await rule.after?.(call, amended ?? output);
    amended = answer ?? amended;
  }
  return amended;
}
