"""LocalEmu, whose functions are not run in Docker: an invocation of a version is sent to SLIPWAY_FUNCTIONS, which answers as the version would.

It ends with the process that holds its standard input: a killed test run leaves none behind.
"""

import json
import os
import sys
import threading
import urllib.request


def leave():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=leave, daemon=True).start()

from twisted.internet import endpoints

# LocalEmu listens on all addresses, regardless of the given one.
listen = endpoints.TCP4ServerEndpoint
endpoints.TCP4ServerEndpoint = lambda reactor, port: listen(reactor, port, interface="127.0.0.1")

from localemu.runtime.main import main
from localemu.services.lambda_.invocation.lambda_models import InvocationResult
from localemu.services.lambda_.invocation.plugins import DockerRuntimeExecutorPlugin
from localemu.services.lambda_.invocation.runtime_executor import RuntimeExecutor


class Elsewhere(RuntimeExecutor):
    """An environment of a version, outside of LocalEmu."""

    def start(self, env_vars):
        self.environment = env_vars

    def stop(self):
        pass

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return ""

    def get_logs(self):
        return ""

    def invoke(self, payload, function_timeout=None):
        name = self.function_version.id
        asked = {
            "function": name.function_name,
            "version": name.qualifier,
            "environment": self.environment,
            "event": json.loads(payload["payload"]),
        }
        request = urllib.request.Request(os.environ["SLIPWAY_FUNCTIONS"], json.dumps(asked).encode())
        with urllib.request.urlopen(request) as answer:
            is_error = "x-amz-function-error" in answer.headers
            return InvocationResult(payload["invoke-id"], answer.read(), is_error, "")

    @classmethod
    def prepare_version(cls, function_version):
        pass

    @classmethod
    def cleanup_version(cls, function_version):
        pass


DockerRuntimeExecutorPlugin.load = lambda self, *_, **__: Elsewhere
sys.exit(main())
