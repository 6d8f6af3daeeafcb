import type { AwsRule } from './rules.ts';

const TOKEN_MS = 600_000;

/** The checks of DynamoDB that moto 5.2.5 lacks; moto itself refuses sizes, counts and the same item twice. The rule remembers tokens. */
export function dynamodbRules(now: () => number = Date.now): readonly AwsRule[] {
  const used = new Map<unknown, { readonly request: string; readonly untilMs: number }>();
  return [
    {
      name: 'dynamodb: a transaction sent again with its token is done once',
      service: 'DynamoDB',
      commands: ['TransactWriteItems'],
      source:
        'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken',
      before({ input }) {
        const known = used.get(input['ClientRequestToken']);
        if (!known || now() > known.untilMs) return undefined;
        if (known.request === JSON.stringify(input)) return { output: {} };
        const message = 'Request with the same token and other parameters';
        return { name: 'IdempotentParameterMismatchException', message, status: 400 };
      },
      after({ input }) {
        const token = input['ClientRequestToken'];
        if (token) used.set(token, { request: JSON.stringify(input), untilMs: now() + TOKEN_MS });
        return undefined;
      },
    },
  ];
}
