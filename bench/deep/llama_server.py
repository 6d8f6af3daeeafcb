"""llama.cpp's own HTTP server with nothing before it: `python llama_server.py MODEL CONTEXT THREADS`. Writes its port, and serves until its standard input ends."""

import os
import socket
import sys

import xllamacpp

path, context, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
given = xllamacpp.CommonParams()
given.model.path = path
given.n_ctx = context
given.n_parallel = 1
given.cpuparams.n_threads = given.cpuparams_batch.n_threads = threads
given.hostnames = ["127.0.0.1"]
given.port = port
given.warmup = False
given.verbosity = 1
given.cache_ram_mib = 0
given.ui = False
server = xllamacpp.Server(given)
print(port, flush=True)
sys.stdin.read()
os._exit(0)
