'use strict';

/** @typedef {import('./osls').Statement} Statement */

/**
 * The same permissions in fewer statements: merges those that differ only in their actions, then those that differ only in their resources.
 * A role's policies are limited to 10,240 characters, and an ARN takes up to 130. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * @param {readonly Statement[]} statements
 */
function merged(statements) {
  return mergedBy('Resource', mergedBy('Action', statements));
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
