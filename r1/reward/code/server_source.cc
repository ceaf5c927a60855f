// The warm interpreter: imports once, then forks for each program, which costs milliseconds where a start of Python
// costs tens of them. The child sets its limits and a system-call filter (no process, thread, socket, signal or
// tracing: what namespaces leave open towards the server itself), runs the program on every input and reports the
// values as JSON. It never sees the expected outputs: forging a report is as hard as solving the problem.
#include "r1/reward/code/server_source.h"

namespace r1::reward {

const char* const kServerSource = R"python(
import sys
sys.path[:] = [place for place in sys.path if place]  # never import from a working folder
import bisect, collections, ctypes, decimal, fractions, functools, gc, heapq, itertools, json, math, operator, os
import random, re, resource, select, shutil, signal, statistics, string, struct, time, traceback, warnings

BASE = sys.argv[1]
MEMORY, CPU, WALL, OUTPUT = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
REPORT = 1 << 20
FILE = 1 << 20

# x86-64 system calls that fail with EPERM in a program: fork, clone, vfork, exec, kill and its kin, sockets, tracing,
# others' limits and scheduling, namespaces and mounts, kernel features that no answer needs.
DENIED = (56, 57, 58, 59, 322, 62, 129, 200, 234, 297, 424, 434, 438, 41, 42, 53, 101, 310, 311, 312, 160, 302, 141, 142,
          144, 203, 314, 155, 161, 165, 166, 272, 308, 428, 429, 430, 432, 298, 304, 319, 321, 323, 425, 426, 427,
          248, 249, 250, 29, 64, 68, 133, 259)
CLONE3, ENOSYS, EPERM = 435, 38, 1

class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

class FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(Instruction))]

def make_filter():
    load, equal, at_least, answer, allow, errno = 0x20, 0x15, 0x35, 0x06, 0x7FFF0000, 0x00050000
    rows = [(load, 0, 0, 4), (equal, 1, 0, 0xC000003E), (answer, 0, 0, errno | EPERM),  # x86-64 only
            (load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (answer, 0, 0, errno | EPERM),  # not its x32 twin
            (equal, 0, 1, CLONE3), (answer, 0, 0, errno | ENOSYS)]
    for number in DENIED:
        rows += [(equal, 0, 1, number), (answer, 0, 0, errno | EPERM)]
    rows.append((answer, 0, 0, allow))
    return FilterProgram(len(rows), (Instruction * len(rows))(*rows))

FILTER = make_filter()
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4

def lower(limit, soft, hard):
    most = resource.getrlimit(limit)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(limit, (soft, hard))

def lock_down():
    lower(resource.RLIMIT_CORE, 0, 0)
    lower(resource.RLIMIT_AS, MEMORY, MEMORY)
    lower(resource.RLIMIT_CPU, CPU, CPU + 1)
    lower(resource.RLIMIT_FSIZE, FILE, FILE)
    lower(resource.RLIMIT_NOFILE, 32, 32)
    lower(resource.RLIMIT_NPROC, 0, 0)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.addressof(FILTER), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp filter: " + os.strerror(ctypes.get_errno()))

# The program's side.

def describe(error):
    try:
        return f"{type(error).__name__}: {error}"[:200].strip(": ")
    except BaseException:
        return type(error).__name__

def plain(value):
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind in (list, tuple):
        return [plain(item) for item in value]
    if kind is dict and all(type(key) is str for key in value):
        return {key: plain(item) for key, item in value.items()}
    raise TypeError(f"a result of type {kind.__name__} can't be compared")

def compile_answer(source):
    """-> (code, whether it is an expression)"""
    try:
        return compile("lambda x: (\n" + source + "\n)", "<answer>", "eval"), True
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return compile(source, "<answer>", "exec"), False

def find_function(source):
    """-> (function, None) or (None, report)"""
    try:
        code, is_expression = compile_answer(source)
    except SyntaxError as error:
        return None, {"end": "syntax", "why": f"{error.msg} (line {error.lineno})"}
    except (ValueError, RecursionError, MemoryError) as error:
        return None, {"end": "syntax", "why": describe(error)}
    space = {"__name__": "answer", "math": math}
    try:
        if is_expression:
            return eval(code, space), None
        exec(code, space)
    except MemoryError:
        return None, {"end": "memory", "why": "out of memory"}
    except BaseException as error:
        return None, {"end": "raised", "why": describe(error)}
    function = space.get("f")
    if not callable(function):
        return None, {"end": "undefined", "why": "the code defines no function f"}
    return function, None

def report_of(source, inputs):
    function, report = find_function(source)
    if report is not None:
        return json.dumps(report)
    calls = []
    for item in inputs:
        try:
            calls.append('{"value": ' + json.dumps(plain(function(item)), allow_nan=False) + "}")
        except MemoryError:
            return json.dumps({"end": "memory", "why": "out of memory"})
        except BaseException as error:
            calls.append(json.dumps({"error": describe(error)}))
    return '{"end": "finished", "calls": [' + ", ".join(calls) + "]}"

def be_program(request, folder, output, report):
    null = os.open("/dev/null", os.O_RDONLY)
    output, report, null = (os.dup2(fd, 100 + i) for i, fd in enumerate((output, report, null)))
    for fd, place in ((null, 0), (output, 1), (output, 2), (report, 3)):
        os.dup2(fd, place)
    os.closerange(4, 1024)
    os.chdir(folder)
    warnings.simplefilter("ignore")
    random.seed(0)
    lock_down()
    text = report_of(request["source"], request["inputs"]).encode("utf-8", "replace")
    try:
        sys.stdout.flush()
    except BaseException:
        pass
    while text:
        text = text[os.write(3, text):]

# The server's side.

def read_exact(count):
    data = bytearray()
    while len(data) < count:
        chunk = os.read(0, min(count - len(data), 1 << 20))
        if not chunk:
            os._exit(0)  # the other end is gone
        data += chunk
    return bytes(data)

def read_message():
    return json.loads(read_exact(struct.unpack("<I", read_exact(4))[0]))

def write_message(message):
    data = json.dumps(message).encode()
    data = struct.pack("<I", len(data)) + data
    while data:
        data = data[os.write(1, data):]

class Capture:
    def __init__(self, limit):
        self.limit, self.data, self.cut = limit, bytearray(), False

    def take(self, chunk):
        room = self.limit - len(self.data)
        self.cut = self.cut or len(chunk) > room
        self.data += chunk[:room]

def collect(pid, captures, deadline):
    """Reads until the program has closed its pipes; -> whether that was in time."""
    poller = select.poll()
    poller.register(0, 0)  # hang-up only: the other end is gone
    for fd in captures:
        poller.register(fd, select.POLLIN)
    while captures:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        for fd, _ in poller.poll(left * 1000 + 1):
            if fd == 0:
                os.kill(pid, signal.SIGKILL)
                os._exit(0)
            chunk = os.read(fd, 1 << 16)
            captures[fd].take(chunk)
            if not chunk:
                poller.unregister(fd)
                os.close(fd)
                del captures[fd]
    return True

def wait_for(pid, deadline):
    """-> (wait status, CPU seconds), or None when the time is up before the program ends."""
    pause = 0.0001
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return status, usage.ru_utime + usage.ru_stime
        if time.monotonic() >= deadline:
            return None
        time.sleep(pause)
        pause = min(2 * pause, 0.01)

def clean():
    """-> whether nothing is left for the next program to find"""
    try:
        for name in os.listdir(BASE):
            path = os.path.join(BASE, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        return True
    except (OSError, RecursionError):
        return False

def start_program(request, folder):
    output, output_write = os.pipe()
    report, report_write = os.pipe()
    os.mkdir(folder)
    pid = os.fork()
    if pid == 0:
        try:
            be_program(request, folder, output_write, report_write)
            os._exit(0)
        except MemoryError:
            os._exit(71)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)
    os.close(output_write)
    os.close(report_write)
    return pid, output, report

def run_program(request, folder):
    deadline = time.monotonic() + WALL
    pid, output_fd, report_fd = start_program(request, folder)
    output, report = Capture(OUTPUT), Capture(REPORT)
    open_pipes = {output_fd: output, report_fd: report}
    ended = wait_for(pid, deadline) if collect(pid, open_pipes, deadline) else None
    for fd in open_pipes:
        os.close(fd)
    timed_out = ended is None
    if timed_out:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    status, cpu = ended or (0, 0.0)
    killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"timed_out": timed_out, "signal": killer,
            "out_of_cpu": killer == signal.SIGXCPU or (killer == signal.SIGKILL and cpu >= CPU),
            "exit_code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
            "report": report.data.decode("utf-8", "replace"), "report_cut": report.cut,
            "output": output.data.decode("utf-8", "replace"), "output_cut": output.cut,
            "clean": clean()}

def probe():
    """Tries the limits and the filter in a child; -> what is wrong, or an empty string."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        why = "a program may fork in spite of the system-call filter"
        try:
            lock_down()
            os.fork()
        except PermissionError as error:
            why = "" if error.errno == EPERM and not str(error.strerror).startswith("seccomp") else str(error)
        except BaseException as error:
            why = describe(error)
        os.write(writer, why.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    why = os.read(reader, 1000).decode()
    os.close(reader)
    return why

def serve():
    libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: no program opens the server's memory by /proc
    lower(resource.RLIMIT_CORE, 0, 0)
    gc.collect()
    gc.freeze()
    write_message({"error": probe()})
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    count = 0
    while True:
        request = read_message()
        count += 1
        write_message(run_program(request, os.path.join(BASE, str(count))))

serve()
)python";

}  // namespace r1::reward
