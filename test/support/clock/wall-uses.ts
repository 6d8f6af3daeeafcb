import ts from 'typescript';

/** A place where the product may measure by a clock that people and NTP set. */
export type WallUse = { readonly line: number; readonly what: string };

const ARITHMETIC: readonly ts.SyntaxKind[] = [
  ts.SyntaxKind.PlusToken,
  ts.SyntaxKind.MinusToken,
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
];

/** Every reading of the machine's wall clock in a file of TypeScript or JavaScript, and every sum, difference or comparison with `now()` of the port Clock. */
export function wallUses(path: string, text: string): readonly WallUse[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: WallUse[] = [];
  const note = (node: ts.Node) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    found.push({ line: line + 1, what: node.getText(source).split('\n')[0] ?? '' });
  };

  function visit(node: ts.Node): void {
    if (isDateNow(node) || isNewDate(node) || countsWithNow(node)) note(node);
    ts.forEachChild(node, visit);
  }

  visit(source);
  return found;
}

function isDateNow(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) && node.getText() === 'Date.now';
}

function countsWithNow(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node)) return false;
  const isCount = ARITHMETIC.includes(node.operatorToken.kind);
  return isCount && [node.left, node.right].some((side) => CLOCK_NOW.test(side.getText()));
}

const CLOCK_NOW = /^(\w+\.)*clock\.now\(\)$/;

function isNewDate(node: ts.Node): boolean {
  return (
    ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length
  );
}
