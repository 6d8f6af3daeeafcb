"""moto_server on a free port, for less CPU: it keeps connections, answers in one write, and makes once the look-ups that moto makes at each request.

Moto is not made for threads: where one reads a value that another changes, it fails ("dictionary changed size during iteration"), and a transaction that is
refused takes back the writes of others meanwhile. So it answers one request at a time, as whole as AWS answers each.

It ends with the process that holds its standard input: a killed test run leaves none behind.
"""

import collections
import copy
import functools
import io
import itertools
import logging
import os
import sys
import threading
import traceback
import types
import warnings


def leave():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=leave, daemon=True).start()

# Only failures go to stderr: tests notice themselves if moto does not support a call.
logging.getLogger("moto").setLevel(logging.ERROR)
warnings.simplefilter("ignore")

import flask.debughelpers
import moto.backends
import moto.core.responses
import moto.core.serialize
import moto.dynamodb.models as dynamodb
from moto.cloudwatch.models import Statistics
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.servicequotas.responses import ServiceQuotasResponse
from werkzeug.serving import make_server

# These read folders, classes or names at each request, which do not change.
modules = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: modules
moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)
moto.core.responses.camelcase_to_underscores = functools.cache(moto.core.responses.camelcase_to_underscores)

# Moto turns on Flask's debug mode, which makes a class for each request, to explain a missing file of a form.
flask.debughelpers.attach_enctype_error_multidict = lambda request: None


# Moto draws the 52 characters of an answer's id one by one; even a single draw took a tenth of the time of an answer.
answers = itertools.count(1)


def request_id(headers):
    headers["x-amzn-requestid"] = counted = f"{next(answers):052}"
    return counted


moto.core.responses.gen_amzn_requestid_long = request_id


# Moto knows no percentiles; here they are by the nearest rank, of single values alone.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
statistic_of = Statistics.get_statistics_for_type


def statistic_or_percentile(self, stat):
    if not stat.startswith("p"):
        return statistic_of(self, stat)
    values = sorted(self.metric_single_values_list)
    return values[max(0, -int(-len(values) * float(stat[1:]) // 100) - 1)] if values else None


Statistics.get_statistics_for_type = statistic_or_percentile


def once(names):
    """Keeps the names that a field of an answer might have: they are the same for all things of a kind, but moto works them out anew for each."""
    known = {}

    def names_once(self, context):
        field = context.shape, context.key, type(context.obj), *self.alias_providers
        if field not in known:
            known[field] = tuple(names(self, context))
        return known[field]

    return names_once


for picker in moto.core.serialize.AttributePicker, moto.core.serialize.XFormedAttributePicker:
    picker.get_possible_keys = once(picker.get_possible_keys)


# In case it fails, each transaction copies its whole table, item by item. Puts and deletes do not change the items.
copying = threading.local()
transact = dynamodb.DynamoDBBackend.transact_write_items


def transact_write_items(self, items):
    copying.is_shallow = not any("Update" in item for item in items)
    try:
        return transact(self, items)
    finally:
        copying.is_shallow = False


def copy_of(original):
    if not (isinstance(original, Table) and getattr(copying, "is_shallow", False)):
        return copy.deepcopy(original)
    table = copy.copy(original)
    table.items = collections.defaultdict(dict, {key: copy.copy(of) for key, of in original.items.items()})
    return table


dynamodb.DynamoDBBackend.transact_write_items = transact_write_items
dynamodb.copy = types.SimpleNamespace(deepcopy=copy_of)


# A query by a table's key sorted all items of the table, and compared each with the key: more than half of what moto computed in the tests of an account.
# Here it sees the items of its key alone, which it sorts itself.
asked = threading.local()
query, all_items = Table.query, Table.all_items


def query_by_key(self, hash_key, compared, values, limit, start, forward, projected, index_name=None, *rest, **named):
    asked.key = None if index_name else hash_key
    try:
        return query(self, hash_key, compared, values, limit, start, forward, projected, index_name, *rest, **named)
    finally:
        asked.key = None


def items_asked(self):
    key = getattr(asked, "key", None)
    if key is None:
        return all_items(self)
    if key not in self.items:
        return []
    return list(self.items[key].values()) if self.range_key_attr else [self.items[key]]


Table.query, Table.all_items = query_by_key, items_asked

# Each comparison of two texts asked for six other types before.
value_of = DynamoType.cast_value.fget
DynamoType.cast_value = property(lambda self: self.value if self.type == "S" else value_of(self))


# Moto has the defaults of some quotas, and answers with them for the account alone.
ServiceQuotasResponse.get_aws_default_service_quota = ServiceQuotasResponse.get_service_quota


class KeepsConnections(MotoRequestHandler):
    """Werkzeug's own handler ends a connection with each answer, and with it a thread."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_expect_100(self):
        done = super().handle_expect_100()
        self.wfile.flush()
        return done

    def run_wsgi(self):
        self.environ = environ = self.make_environ()
        length = None if "wsgi.input_terminated" in environ else int(self.headers.get("content-length") or 0)
        body = environ["wsgi.input"].read() if length is None else self.rfile.read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        status, headers, answer = run(self.server.app, environ)
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("content-length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)


# moto's interpreter of workflows calls moto from within: it has its own threads, and none of them waits for a request while it holds this lock.
whole = threading.Lock()


def run(app, environ):
    """The status, the headers and the body of the answer; 500 where moto fails, and 501, which no SDK repeats, for what moto does not have. moto's error goes to stderr: the client would otherwise only see a lost connection."""
    begun = []
    try:
        with whole:
            parts = app(environ, lambda status, headers, _=None: begun.extend((status, headers)))
            try:
                return *begun, b"".join(parts)
            finally:
                getattr(parts, "close", lambda: None)()
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        asked = environ.get("HTTP_X_AMZ_TARGET") or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        print(f"moto failed: {asked}: {error!r} at {at.filename}:{at.lineno}", file=sys.stderr)
        has_it = not isinstance(error, NotImplementedError)
        return "500 INTERNAL SERVER ERROR" if has_it else "501 NOT IMPLEMENTED", [], b""


def app_of(service):
    if service is None:
        raise NotImplementedError("moto does not have this service")
    return create_backend_app(service)


application = DomainDispatcherApplication(app_of)
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=KeepsConnections)
# Parts of moto call it by its own address.
os.environ.setdefault("MOTO_PORT", str(server.port))
print(f"Running on http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()
