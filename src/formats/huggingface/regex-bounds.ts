/** What was read of a group. An alternative is loose while nothing in it has to be there once; `isRunning`: one is, and repeats. */
type Group = {
  readonly isWidthless: boolean;
  readonly isAtomic: boolean;
  isLoose: boolean;
  isRepeated: boolean;
  isRunning: boolean;
};

const ATOM = /\\[pP]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|[^()|]/suy;
const OPEN = /\((?:\?(?:<?[=!]|[:>]|<\w+>|[a-z-]+[:)]))?/suy;
const QUANTIFIER = /([*+?]|\{\d*,?\d*\})([+?]?)/suy;

/**
 * Whether a regular expression repeats what is itself nothing but repetitions (`(a+)+`): a text that does not match is then tried in as many ways as it can be cut.
 * https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
 */
export function runsAway(pattern: string): boolean {
  const outer = newGroup('(');
  const groups: Group[] = [];
  let at = 0;
  const next = (kind: RegExp): string | undefined => {
    kind.lastIndex = at;
    const [found] = kind.exec(pattern) ?? [];
    if (found !== undefined) at = kind.lastIndex;
    return found;
  };
  while (at < pattern.length) {
    const around = groups.at(-1) ?? outer;
    const opened = next(OPEN);
    if (opened !== undefined) {
      if (!opened.endsWith(')')) groups.push(newGroup(opened));
    } else if (pattern[at] === '|') {
      at += 1;
      endAlternative(around);
    } else {
      const closed = pattern[at] === ')' ? groups.pop() : undefined;
      if (closed || next(ATOM) === undefined) at += 1;
      if (closed) endAlternative(closed);
      const repeat = repeatOf(next(QUANTIFIER));
      if (closed?.isRunning && repeat === 'unbounded') return true;
      add(groups.at(-1) ?? outer, closed, repeat);
    }
  }
  return false;
}

function newGroup(opened: string): Group {
  return {
    isWidthless: /^\(\?<?[=!]$/.test(opened),
    isAtomic: opened === '(?>',
    isLoose: true,
    isRepeated: false,
    isRunning: false,
  };
}

function endAlternative(group: Group): void {
  const isRunning = group.isLoose && group.isRepeated && !group.isAtomic && !group.isWidthless;
  group.isRunning ||= isRunning;
  [group.isLoose, group.isRepeated] = [true, false];
}

type Repeat = 'unbounded' | 'optional' | 'once';

function repeatOf(quantifier: string | undefined): Repeat {
  if (quantifier === undefined) return 'once';
  // A possessive one is never tried in another way.
  if (/.\+$/.test(quantifier)) return 'once';
  if (/^(\*|\+|\{\d+,\})/.test(quantifier)) return 'unbounded';
  return /^(\?|\{0?,)/.test(quantifier) ? 'optional' : 'once';
}

function add(group: Group, inner: Group | undefined, repeat: Repeat): void {
  if (inner?.isWidthless) return;
  if (inner?.isRunning || repeat === 'unbounded') group.isRepeated = true;
  else if (repeat === 'once') group.isLoose = false;
}
