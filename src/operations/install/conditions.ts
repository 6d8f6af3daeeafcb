import { Failure } from '#domain/failure.ts';

/** The conditions of a template, each by whether it holds with these parameters. Supports `Fn::Equals`, `Fn::Not`, `Fn::And` and `Fn::Or` of parameters and texts; pseudo parameters equal nothing. */
export function readConditions(
  conditions: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, string>>,
): ReadonlyMap<string, boolean> {
  const holds = (condition: unknown): boolean => {
    const [[name = '', of] = []] = Object.entries(Object(condition));
    const parts = Array.isArray(of) ? of : [of];
    switch (name) {
      case 'Fn::Equals':
        return textOf(parts[0], parameters) === textOf(parts[1], parameters);
      case 'Fn::Not':
        return !holds(parts[0]);
      case 'Fn::And':
        return parts.every(holds);
      case 'Fn::Or':
        return parts.some(holds);
      case 'Condition':
        return holds(conditions[String(of)]);
      default:
        throw new Failure('InputInvalid', `${name} is not a function of conditions`);
    }
  };
  return new Map(Object.entries(conditions).map(([name, each]) => [name, holds(each)]));
}

/** Whether a resource with this condition, or without a condition, is in the stack. */
export function isMade(
  condition: string | undefined,
  holds: ReadonlyMap<string, boolean>,
): boolean {
  return condition === undefined || holds.get(condition) === true;
}

function textOf(value: unknown, parameters: Readonly<Record<string, string>>): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return 'Ref' in value ? (parameters[String(value.Ref)] ?? '') : '';
}
