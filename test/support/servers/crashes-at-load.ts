export {};

process.stderr.write('the model has no graph\n');
process.exit(1);
