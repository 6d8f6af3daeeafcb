'use strict';

/**
 * The same permissions in fewer statements: merges those that differ only in their actions, then those that differ only in their resources.
 * A role's policies are limited to 10,240 characters, and an ARN takes up to 130. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
function merged(statements) {
  return mergedBy('Resource', mergedBy('Action', statements));
}

function mergedBy(part, statements) {
  const alike = Map.groupBy(statements, (statement) =>
    JSON.stringify({ ...statement, [part]: undefined }),
  );
  return [...alike.values()].map((group) => ({
    ...group[0],
    [part]: distinct(group.flatMap((statement) => statement[part])),
  }));
}

/** A resource may be an object that CloudFormation resolves. */
function distinct(values) {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

module.exports = { merged };
