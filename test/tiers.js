/**
 * The tiers of the tests, each with the folders under `test/` that are its own; `unit` has all others.
 * `npm test` is the checks and `unit`; `.ci/run` runs all. `run` runs a tier by itself, `script` where it needs more than Node and is set up first.
 */
export const TIERS = {
  unit: { what: 'units, contracts, workflows, and a story for each target', run: 'npm test' },
  e2e: {
    folders: ['e2e', 'doors'],
    what: 'Slipway in processes of its own: killed, full, crowded, asked for everything by the clients that people have',
    run: 'npm run test:e2e',
  },
  matrix: {
    folders: ['matrix'],
    what: 'every fault at every call, and pairs of them: a third in each run, all with SLIPWAY_THOROUGH=1',
    run: 'npm run test:matrix',
  },
  template: {
    folders: ['template', 'functions'],
    what: 'what would be deployed: the packaged template and the functions in it',
    run: 'npm run test:template',
  },
  aws: {
    folders: ['adapters/aws', 'aws'],
    what: 'the AWS half, on moto',
    run: 'npm run test:aws',
    script: '.ci/aws',
  },
  stack: {
    folders: ['stack'],
    what: 'the template deployed into moto and ministack, what its roles allow, requests through LocalEmu',
    run: 'npm run test:stack',
    script: '.ci/stack',
  },
  web: {
    folders: ['web'],
    what: 'the console, in a browser',
    run: 'npm run test:web',
    script: '.ci/web',
  },
  python: {
    folders: ['python', 'runtimes/python', 'e2e/first-hour', 'doors/python'],
    what: 'the model server of Python, models of each of its formats with their frameworks, and the clients in Python',
    run: 'npm run test:python',
    script: '.ci/python',
  },
  deep: {
    folders: ['deep'],
    what: 'models of PyTorch and transformers with these, which take 5 GB: no part of .ci/run',
    run: 'npm run test:deep',
    script: '.ci/deep',
  },
  sweep: {
    folders: ['sweep'],
    what: 'hundreds of models of real frameworks, each held to what its framework answers: no part of .ci/run',
    run: 'npm run test:sweep',
    script: '.ci/sweep',
  },
  docker: {
    folders: ['docker'],
    what: 'images, built and run',
    run: 'npm run test:docker',
    script: '.ci/docker',
  },
};
