'use strict';

/** @typedef {import('./osls').Statement} Statement */

/**
 * The same permissions in fewer statements: merges those that differ only in their actions, then those that differ only in their resources, then those that differ only in the partitions of a table.
 * A role's policies are limited to 10,240 characters, and an ARN takes up to 130. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * @param {readonly Statement[]} statements
 */
function merged(statements) {
  return mergedKeys(mergedBy('Resource', mergedBy('Action', statements)));
}

/**
 * Each request of these actions is for one partition, so it may not reach more in one statement than in two.
 * @param {readonly Statement[]} statements
 * @returns {readonly Statement[]}
 */
function mergedKeys(statements) {
  const alike = Map.groupBy(statements, (statement) => {
    const keys = keysOf(statement);
    return keys ? JSON.stringify({ ...statement, Condition: undefined }) : statement;
  });
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    const keys = distinct(group.flatMap((statement) => keysOf(statement) ?? []));
    if (!first || group.length === 1) return group;
    return [{ ...first, Condition: { [LIKE]: { [KEYS]: keys } } }];
  });
}

const LIKE = 'ForAllValues:StringLike';
const KEYS = 'dynamodb:LeadingKeys';

/**
 * The partitions that a statement is for; undefined where it is for something else, or has further conditions.
 * @param {Statement} statement
 * @returns {readonly unknown[] | undefined}
 */
function keysOf({ Condition = {} }) {
  const { [LIKE]: like = {}, ...others } = Condition;
  const { [KEYS]: keys, ...further } = like;
  const isOnly = Object.keys(others).length + Object.keys(further).length === 0;
  return isOnly && Array.isArray(keys) ? keys : undefined;
}

/**
 * @param {'Action' | 'Resource'} part
 * @param {readonly Statement[]} statements
 * @returns {readonly Statement[]}
 */
function mergedBy(part, statements) {
  const alike = Map.groupBy(statements, (statement) =>
    JSON.stringify({ ...statement, [part]: undefined }),
  );
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    const values = distinct(group.flatMap((/** @type {Statement} */ statement) => statement[part]));
    return first ? [{ ...first, [part]: values }] : [];
  });
}

/**
 * A resource may be an object that CloudFormation resolves.
 * @template Value
 * @param {readonly Value[]} values
 */
function distinct(values) {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

module.exports = { merged };
