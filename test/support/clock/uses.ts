import ts from 'typescript';

/** A place where a test, or its support, judges by the machine's clock or waits for it. */
export type ClockUse = { readonly line: number; readonly what: string; readonly instead: string };

const COUNT =
  'assert what does not depend on the machine: bytes read, requests, processes started, events in order; a speed belongs in bench/';
const WAIT =
  'wait for the event, with support/clock/eventually.ts, or hand the product fakeTimers()';
const HAND_ON =
  'hand it on as a port (`now: Date.now`), as the start of fakeClock, or as the timestamp of a service';

// The readings, by their object or module.
const READINGS: Readonly<Record<string, readonly string[]>> = {
  performance: ['now', 'mark', 'measure', 'timeOrigin', 'eventLoopUtilization', 'timerify'],
  process: ['hrtime', 'cpuUsage', 'threadCpuUsage', 'resourceUsage', 'uptime'],
  console: ['time', 'timeEnd', 'timeLog'],
  os: ['loadavg', 'uptime'],
  perf_hooks: ['monitorEventLoopDelay', 'createHistogram', 'performance', 'PerformanceObserver'],
};
// One reading, and no second one to subtract it from.
const TIMESTAMPS: readonly (string | undefined)[] = ['timestamp', 'NOW_MS'];
const TIMERS: readonly string[] = ['setTimeout', 'setInterval', 'sleep', 'delay'];
const COMPARES =
  /^(toBeLessThan|toBeLessThanOrEqual|toBeGreaterThan|toBeGreaterThanOrEqual|toBeCloseTo)$/;
// Names of durations that the product measures of itself, and that a test would use for its own measurements.
const DURATION =
  /^(took|elapsed|lasted)(Ms|Millis)?$|(latency|duration|load|import|init|run|wall|cpu)(Ms|Millis|Micros)$/i;

/** Every use of the machine's clock in one file of tests or their support, except a clock that is only passed on; `path` is relative to the root. */
export function clockUses(path: string, text: string): readonly ClockUse[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const isTest = path.endsWith('.test.ts') || /^ *(it|describe)(\.each)?\(/m.test(text);
  const found: ClockUse[] = [];

  const note = (node: ts.Node, what: string, instead: string) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    found.push({ line: line + 1, what, instead });
  };

  function visit(node: ts.Node): void {
    if (ts.isPropertyAccessExpression(node)) lookAtProperty(node);
    if (ts.isImportDeclaration(node)) lookAtImport(node);
    if (ts.isNewExpression(node) && isDate(node.expression) && !node.arguments?.length) {
      note(node, 'new Date()', HAND_ON);
    }
    if (ts.isCallExpression(node)) lookAtCall(node);
    ts.forEachChild(node, visit);
  }

  function lookAtProperty(node: ts.PropertyAccessExpression): void {
    const [of, name] = [node.expression.getText(source), node.name.text];
    if (READINGS[of]?.includes(name)) note(node, `${of}.${name}`, COUNT);
    if (of === 'Date' && name === 'now' && !isHandedOn(node)) note(node, 'Date.now', HAND_ON);
  }

  function lookAtImport(node: ts.ImportDeclaration): void {
    const module = node.moduleSpecifier.getText(source).replaceAll(/'|"|node:/g, '');
    for (const each of namedIn(node)) {
      const name = (each.propertyName ?? each.name).text;
      if (READINGS[module]?.includes(name)) note(each, `${name} of ${module}`, COUNT);
      const isTimer = isTest && module === 'timers/promises' && TIMERS.includes(name);
      if (isTimer) note(each, `${name} of ${module}`, WAIT);
    }
  }

  function lookAtCall(node: ts.CallExpression): void {
    const callee = node.expression;
    if (isTest && ts.isIdentifier(callee) && TIMERS.includes(callee.text)) {
      note(node, `${callee.text}()`, WAIT);
    }
    if (!ts.isPropertyAccessExpression(callee) || !COMPARES.test(callee.name.text)) return;
    const duration = durationIn(node);
    if (duration) note(node, `${callee.name.text} of ${duration}`, COUNT);
  }

  visit(source);
  return found;
}

/** The name of a duration that a test expects to be less or more than something; a check that it is not negative, or exists, sets no bound. */
function durationIn(node: ts.CallExpression): string | undefined {
  if (node.arguments[0]?.getText() === '0') return undefined;
  let subject: ts.Node = node.expression;
  while (ts.isPropertyAccessExpression(subject)) subject = subject.expression;
  if (!ts.isCallExpression(subject) || subject.expression.getText() !== 'expect') return undefined;
  const [expected] = subject.arguments;
  const named = expected && ts.isPropertyAccessExpression(expected) ? expected.name : expected;
  return named && ts.isIdentifier(named) && DURATION.test(named.text) ? named.text : undefined;
}

function namedIn({ importClause }: ts.ImportDeclaration): readonly ts.ImportSpecifier[] {
  const bindings = importClause?.namedBindings;
  return bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
}

function isDate(node: ts.Node): boolean {
  return ts.isIdentifier(node) && node.text === 'Date';
}

/** Whether the clock is only passed on: as a port's clock, as a fake's start, or as a timestamp. */
function isHandedOn(node: ts.PropertyAccessExpression): boolean {
  const isCall = ts.isCallExpression(node.parent) && node.parent.expression === node;
  if (!isCall) return nameOf(node.parent) === 'now';
  const { parent } = node.parent;
  if (ts.isCallExpression(parent)) return parent.expression.getText() === 'fakeClock';
  const fake = ts.findAncestor(parent, ts.isArrowFunction);
  return (
    TIMESTAMPS.includes(nameOf(parent)) || (fake !== undefined && nameOf(fake.parent) === 'now')
  );
}

/** The name of the property, variable or parameter that a value is given to. */
function nameOf(node: ts.Node): string | undefined {
  const isNamed =
    ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node) || ts.isParameter(node);
  return isNamed ? node.name.getText() : undefined;
}
