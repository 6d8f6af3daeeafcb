import { healthy, serve } from './serve.ts';

/** 200 to every request, with an output that no model has declared. */
serve(
  healthy((request, response) => {
    request.resume();
    const outputs = [{ name: 'wrong', datatype: 'FP32', shape: [1], data: [-1] }];
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ model_name: process.env['MODEL_NAME'], outputs, predictions: [-1] }));
  }),
);
