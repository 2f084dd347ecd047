"""The `seccomp` layer: the system calls that drawing needs, as a filter for the kernel."""

import fcntl
import functools
import os

from ..outcome import InfrastructureError

SYSCALLS = """
read readv pread64 write writev close fstat newfstatat stat lstat statx lseek getdents64 readlink readlinkat
access faccessat faccessat2 getcwd poll ppoll select pselect6
mmap mprotect munmap mremap brk madvise membarrier
rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack setitimer getitimer restart_syscall
futex set_robust_list rseq sched_yield sched_getaffinity
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getrandom getrusage times
getpid gettid getppid getuid geteuid getgid getegid uname sysinfo arch_prctl
exit exit_group
""".split()
"""Calls that drawing needs once the worker is up; all else fails with EPERM, a foreign architecture's calls kill."""

_DESCRIPTOR_COMMANDS = (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL)
"""Of fcntl: others send signals to whatever process they name, lock files, or hold up whoever opens one."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CALL_COUNT = len(SYSCALLS) + 3
"""Calls that are allowed, some of them with some arguments only."""


@functools.cache
def syscall_filter() -> bytes:
    """Return the allow-list as a BPF program for this machine's architecture.

    Files may be opened for reading only, limits only be asked for, and descriptors not be made to send signals.

    Raises:
        InfrastructureError: libseccomp is missing.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError) as error:
        raise InfrastructureError(f"{error}: pip install pyseccomp, apt-get install libseccomp2") from error
    allowed_calls = pyseccomp.SyscallFilter(pyseccomp.ERRNO(1))
    for name in SYSCALLS:
        try:
            allowed_calls.add_rule(pyseccomp.ALLOW, name)
        except (OSError, ValueError):
            # A call that this architecture does not have.
            continue
    argument, equal, equal_masked = pyseccomp.Arg, pyseccomp.EQ, pyseccomp.MASKED_EQ
    allowed_calls.add_rule(pyseccomp.ALLOW, "openat", argument(2, equal_masked, _WRITING, 0))
    allowed_calls.add_rule(pyseccomp.ALLOW, "prlimit64", argument(0, equal, 0), argument(2, equal, 0))
    for command in _DESCRIPTOR_COMMANDS:
        allowed_calls.add_rule(pyseccomp.ALLOW, "fcntl", argument(1, equal, command))
    allowed_calls.add_rule(
        pyseccomp.ALLOW, "fcntl", argument(1, equal, fcntl.F_SETFL), argument(2, equal_masked, os.O_ASYNC, 0)
    )
    # In memory: a full disk is no reason to run without the filter.
    with open(os.memfd_create("filter"), "w+b") as file:
        allowed_calls.export_bpf(file)
        file.seek(0)
        return file.read()
