'use strict';

// As text: a template may hold no null, and in ASL `"ResultPath": null` is what throws a result away.
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
module.exports = JSON.stringify(require('../statemachines/deploy.asl.json'));
