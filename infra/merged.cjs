'use strict';

/**
 * The same permissions in fewer statements: those that differ in their actions alone become one, then those that differ in their resources alone.
 * A role holds 10,240 characters, and an ARN in it has up to 130. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
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
