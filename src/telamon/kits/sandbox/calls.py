"""Which system calls a sandboxed process may make: an allow-list, or a deny-list where it runs programs of others."""

from __future__ import annotations

import errno
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telamon.kits.sandbox.seccomp import ALLOW, TRAP, Condition, Rule, assemble, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.kits.sandbox.records import SandboxPolicy

_EPERM: Final = refuse(errno.EPERM)
_ENOSYS: Final = refuse(errno.ENOSYS)  # what programs take for an older kernel, and do without

# What CPython, numpy, scikit-learn and torch use to compute, with files that are open or may be read.
_COMPUTING: Final = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range lseek sendfile ftruncate
fallocate fsync fdatasync fadvise64 readahead stat fstat lstat newfstatat statx statfs fstatfs access faccessat
faccessat2 readlink readlinkat getdents getdents64 getcwd chdir fchdir umask mmap munmap mprotect mremap madvise brk
msync pkey_alloc pkey_free pkey_mprotect rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending
rt_sigtimedwait rt_sigsuspend sigaltstack pause alarm setitimer getitimer dup dup2 dup3 pipe pipe2 eventfd eventfd2
select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 futex futex_wait
futex_wake futex_requeue futex_waitv set_robust_list rseq set_tid_address membarrier restart_syscall gettid getpid
getppid getuid geteuid getgid getegid getgroups getresuid getresgid getpgrp getpgid getsid uname sysinfo getrusage
getrlimit times time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getcpu sched_yield
sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min getpriority
getrandom arch_prctl capget exit exit_group wait4 waitid
"""
# They change the file system; where no folder is writable nobody needs them.
_CHANGING: Final = """
creat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat truncate flock
"""
_CONNECTING: Final = """
connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg shutdown getsockname getpeername
setsockopt getsockopt
"""
_STARTING: Final = "fork vfork"

# Answered by EPERM, for ordinary libraries try them and go on without.
_REFUSED: Final = """
socket socketpair chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr tkill
rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal setrlimit setpriority sched_setparam
sched_setscheduler sched_setattr ioprio_set mknod mknodat memfd_create memfd_secret inotify_init inotify_init1
inotify_add_watch fanotify_init fanotify_mark shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop semctl
mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify setuid setgid setreuid setregid setresuid setresgid
setgroups setfsuid setfsgid setpgid setsid capset mbind set_mempolicy migrate_pages move_pages name_to_handle_at
mlock mlock2 mlockall execve execveat openat2
"""
# Landlock says nothing about these, so they stay refused where programs of others run.
_REFUSED_TO_PROGRAMS: Final = """
chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat setxattr lsetxattr
fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr mknod mknodat memfd_create
memfd_secret execveat inotify_init inotify_init1 inotify_add_watch fanotify_init fanotify_mark shmget shmat shmctl
msgget msgsnd msgrcv msgctl semget semop semctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify setpgid
setsid sched_setparam sched_setscheduler sched_setattr setpriority ioprio_set migrate_pages move_pages mlockall
name_to_handle_at pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo
"""
# Nothing that loads a model makes one of these: the process is stopped, and the call is named.
_ATTACKS: Final = """
ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp mount umount2 pivot_root
chroot fsopen fsconfig fsmount fspick move_mount open_tree open_tree_attr mount_setattr unshare setns bpf
perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register add_key request_key keyctl kexec_load
kexec_file_load init_module finit_module delete_module personality open_by_handle_at quotactl quotactl_fd acct swapon
swapoff reboot sethostname setdomainname settimeofday clock_settime adjtimex clock_adjtime iopl ioperm modify_ldt
uselib vhangup syslog lookup_dcookie
"""

_CLONE_THREAD: Final = 0x00010000
_CLONE_OTHERS: Final = 0x7E02A000  # new namespaces, CLONE_PTRACE, CLONE_PARENT: out of the sandbox's process tree
_WRITING: Final = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | 0o20000000  # __O_TMPFILE
_SOCKET_TYPE: Final = 0xF
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, the three of POSIX locks, F_DUPFD_CLOEXEC, F_ADD_SEALS, F_GET_SEALS.
# Not F_SETOWN and F_SETSIG, by which the kernel sends signals in one's name.
_FCNTL: Final = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1033, 1034)
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
_IOCTL: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# TIOCSCTTY, TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD: they type into, or take over, a terminal that was left open.
# FS_IOC_SETFLAGS, FS_IOC_SETVERSION, FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY: they change a file open for reading.
_IOCTL_REFUSED: Final = (
    *(0x540E, 0x5412, 0x541C, 0x541D, 0x5423),
    *(0x40086602, 0x40087602, 0x401C5820, 0x40806685),
)
# PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_SET_VMA.
_PRCTL: Final = (3, 15, 16, 21, 23, 39, 0x53564D41)


def numbers_of(architecture: str) -> Mapping[str, int]:
    """Return the numbers of the calls on an architecture (`x86_64` or `aarch64`), by name."""
    module = import_module(f"telamon.kits.sandbox.calls_{architecture}")
    numbers: Mapping[str, int] = module.NUMBERS
    return numbers


def filter_of(policy: SandboxPolicy, architecture: str, process: int) -> bytes:
    """Return the program that lets through what a policy allows.

    Args:
        policy: What is allowed.
        architecture: `x86_64` or `aarch64`.
        process: Id of the process that installs it, the only one that it may send signals to.
    """
    numbers = numbers_of(architecture)
    if policy.may_exec:
        return assemble(architecture, _for_programs(policy, numbers), ALLOW)
    return assemble(architecture, _for_loading(policy, numbers, process), _ENOSYS)


def _named(names: str, numbers: Mapping[str, int], answer: int) -> Iterator[Rule]:
    return (Rule(numbers[name], answer) for name in names.split() if name in numbers)


def _any_of(argument: int, values: tuple[int, ...]) -> tuple[tuple[Condition, ...], ...]:
    return tuple((Condition(argument, value),) for value in values)


def _for_loading(policy: SandboxPolicy, numbers: Mapping[str, int], process: int) -> Iterator[Rule]:
    """Yield the allow-list; of each call the first rule counts."""
    is_forking, is_writing = policy.processes > 0, bool(policy.writable)
    yield from _named(_COMPUTING, numbers, ALLOW)
    opening = () if is_writing else ((Condition(2, 0, _WRITING),),)
    yield Rule(numbers["openat"], ALLOW, _EPERM, opening)
    if "open" in numbers:
        yield Rule(numbers["open"], ALLOW, _EPERM, tuple((Condition(1, 0, _WRITING),) for _ in opening))
    kept = _CLONE_OTHERS if is_forking else _CLONE_OTHERS | _CLONE_THREAD
    yield Rule(numbers["clone"], ALLOW, _EPERM, ((Condition(0, 0 if is_forking else _CLONE_THREAD, kept),),))
    yield Rule(numbers["fcntl"], ALLOW, _EPERM, _any_of(1, _FCNTL))
    yield Rule(numbers["ioctl"], ALLOW, _EPERM, _any_of(1, _IOCTL))
    yield Rule(numbers["prctl"], ALLOW, _EPERM, _any_of(0, _PRCTL))
    for name in ("kill", "tgkill"):
        yield Rule(numbers[name], ALLOW, _EPERM, ((Condition(0, process),),))
    # Limits may be read, of this process alone, and not set; so may the processors that it runs on be chosen.
    yield Rule(numbers["prlimit64"], ALLOW, _EPERM, ((Condition(0, 0), Condition(2, 0, is_pointer=True)),))
    yield Rule(numbers["sched_setaffinity"], ALLOW, _EPERM, ((Condition(0, 0),),))
    yield Rule(numbers["clone3"], _ENOSYS)  # its flags stand in memory, where a filter cannot look; libc uses clone
    yield from _named(_CHANGING, numbers, ALLOW if any(map(Path.is_dir, policy.writable)) else _EPERM)
    yield from _named(_STARTING, numbers, ALLOW if is_forking else _EPERM)
    yield from _sockets(policy, numbers)
    yield from _named(_CONNECTING, numbers, ALLOW if policy.may_connect else _EPERM)
    yield from _named(_REFUSED, numbers, _EPERM)
    yield from _named(_ATTACKS, numbers, TRAP)


def _sockets(policy: SandboxPolicy, numbers: Mapping[str, int]) -> Iterator[Rule]:
    """Yield the rule for sockets: TCP and UDP where those are allowed, and nothing else.

    A socket of a path reaches servers that run with other rights (Docker's, D-Bus), and Landlock does not know it.
    """
    families = (_AF_INET, _AF_INET6) if policy.may_connect else ()
    allowed = tuple((Condition(0, family), Condition(1, kind, _SOCKET_TYPE)) for family in families for kind in (1, 2))
    yield Rule(numbers["socket"], ALLOW if allowed else _EPERM, _EPERM, allowed)


def _for_programs(policy: SandboxPolicy, numbers: Mapping[str, int]) -> Iterator[Rule]:
    """Yield the deny-list."""
    yield Rule(numbers["clone"], ALLOW, _EPERM, ((Condition(0, 0, _CLONE_OTHERS),),))
    yield Rule(numbers["clone3"], _ENOSYS)
    yield Rule(numbers["ioctl"], _EPERM, ALLOW, _any_of(1, _IOCTL_REFUSED))
    yield Rule(numbers["prlimit64"], ALLOW, _EPERM, ((Condition(0, 0),),))
    yield Rule(numbers["socketpair"], ALLOW, _EPERM, ((Condition(0, _AF_UNIX),),))
    yield from _sockets(policy, numbers)
    yield from _named(_REFUSED_TO_PROGRAMS, numbers, _EPERM)
    yield from _named(_ATTACKS, numbers, TRAP)
