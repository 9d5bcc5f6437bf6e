package Weir::Kernel;

# What launcher and helper need of Linux and perl-base has no module for: clocks, process facts, control groups, and
# walking a tree of files without being led astray by symbolic links. Numbers for x86_64, and for aarch64, riscv64 and
# loongarch64, which share one table.
use strict;
use warnings;
use Fcntl qw(:DEFAULT);
use Errno;
use POSIX ();
use Exporter qw(import);
our @EXPORT = qw(call mount_at monotonic_ms wall_ms boot_id start_ticks is_alive limit_self reap become as_user
    read_file write_file descendants resident_bytes proportional_bytes signal_all walk remove_tree
    cgroup_places make_group fork_into join_group group_pids drop_group);

use constant { CLONE_INTO_CGROUP => 1 << 33, SIGCHLD => 17 };

my %NUMBER = do {
    my $generic = (POSIX::uname())[4] ne 'x86_64';
    my %table = (    # name => [x86_64, the others]
        clock_gettime => [228, 113], fsync       => [74,  82],  wait4     => [61,  260], mount     => [165, 40],
        prctl         => [157, 167], prlimit64   => [302, 261], setgroups => [116, 159], setresgid => [119, 149],
        setresuid     => [117, 147], signalfd4   => [289, 74],  unshare   => [272, 97],
        setns         => [308, 268], clone3      => [435, 435], landlock_create_ruleset => [444, 444],
        landlock_add_rule => [445, 445], landlock_restrict_self => [446, 446],
    );
    map { $_ => $table{$_}[$generic ? 1 : 0] } keys %table;
};

# A system call by name; true when it succeeded (some return a number: then that, or undef).
sub call {
    my $name = shift;
    my $result = syscall($NUMBER{$name}, @_);    # @_, not a copy: the kernel writes into the caller's buffers
    return $result == -1 ? undef : $result == 0 ? '0 but true' : $result;
}

# The copies matter: syscall() refuses literals.
sub mount_at { my ($what, $where, $type, $flags, $data) = @_; return call('mount', $what, $where, $type, $flags, $data) }

sub clock_ms {
    my $time = "\0" x 16;
    call('clock_gettime', $_[0], $time) or die "clock_gettime: $!";
    my ($seconds, $nanoseconds) = unpack 'qq', $time;
    return $seconds * 1000 + int($nanoseconds / 1e6);
}
sub monotonic_ms { clock_ms(1) }
sub wall_ms      { clock_ms(0) }

my $boot;
sub boot_id { $boot //= read_file('/proc/sys/kernel/random/boot_id') =~ s/\s//gr }

# Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and brackets. undef where there is no such process,
# or only its corpse.
sub start_ticks {
    my $stat = read_file("/proc/$_[0]/stat") // return;
    my @fields = split ' ', substr($stat, rindex($stat, ')') + 2);
    return $fields[0] =~ /[ZX]/ ? undef : $fields[19];
}
sub is_alive { my ($pid, $ticks) = @_; my $now = start_ticks($pid); return defined $now && $now == $ticks }

# 4 = RLIMIT_CORE, 6 = RLIMIT_NPROC, 7 = RLIMIT_NOFILE. Never RLIMIT_AS: Node, Java and CUDA would not start.
sub limit_self { my ($what, $soft, $hard) = @_; return call('prlimit64', 0, $what, pack('QQ', $soft, $hard), 0) }

# A child that has ended, if there is one: (pid, wait status, CPU in ms of user and system, largest memory in bytes), of
# itself and all it waited for; (0) when all run, (-1) when there is none.
sub reap {
    my ($status, $usage) = ("\0" x 4, "\0" x 144);
    my $pid = syscall($NUMBER{wait4}, -1, $status, POSIX::WNOHANG(), $usage);
    return $pid if $pid <= 0;
    my ($us, $uu, $ss, $su, $maxrss) = unpack 'q5', $usage;
    return ($pid, unpack('i', $status), $us * 1000 + $uu / 1000, $ss * 1000 + $su / 1000, $maxrss * 1024);
}

# For good: no way back to root, no supplementary groups but those named.
sub become {
    my ($uid, $gid, @groups) = map { $_ + 0 } @_;    # a number kept as text would go to the kernel as a pointer
    call('setgroups', scalar @groups, @groups ? pack('L*', @groups) : 0) or die "setgroups: $!\n";
    call('setresgid', $gid, $gid, $gid)     or die "setresgid: $!\n";
    call('setresuid', $uid, $uid, $uid)     or die "setresuid: $!\n";
}

# Runs the code with a user's rights on files and comes back. The real and saved uid stay root, so that no process of
# that user can signal or trace this one meanwhile. Without a uid (ordinary mode) it just runs the code.
sub as_user {
    my ($uid, $gid, $code) = @_;
    return $code->() unless $uid;
    $_ += 0 for $uid, $gid;
    call('setgroups', 0, 0) && call('setresgid', -1, $gid, -1) && call('setresuid', -1, $uid, -1) or die "seteuid: $!\n";
    my @result = eval { $code->() };
    my $error = $@;
    call('setresuid', -1, 0, -1) && call('setresgid', -1, 0, -1) or POSIX::_exit(70);
    die $error if $error;
    return wantarray ? @result : $result[0];
}

# Small files, read and written at once; by bare system calls, which take a third of what a Perl handle costs.
sub read_file {
    my $number = POSIX::open($_[0], O_RDONLY) // return undef;
    my ($text, $part) = ('');
    $text .= $part while (POSIX::read($number, $part, 1 << 16) // 0) > 0;
    POSIX::close($number);
    return $text;
}

sub write_file {
    my ($path, $text) = @_;
    my $number = POSIX::open($path, O_WRONLY | O_CREAT | O_TRUNC, 0644) // return;
    my $written = POSIX::write($number, $text, length $text) // -1;
    my $error = $!;
    POSIX::close($number);
    $! = $error;
    return $written == length $text;
}

# --- processes

# All descendants of a process, by the kernel's list of children where it has one, else by everybody's parent.
sub descendants {
    my ($root) = @_;
    my (@found, %children);
    my $listed = -e "/proc/self/task/$$/children";
    if (!$listed) {
        opendir(my $proc, '/proc') or return;
        for my $pid (grep { /^\d+$/ } readdir $proc) {
            my $stat = read_file("/proc/$pid/stat") // next;
            push @{ $children{ (split ' ', substr($stat, rindex($stat, ')') + 2))[1] } }, $pid;
        }
    }
    my @queue = ($root);
    while (defined(my $pid = shift @queue)) {
        my @next = @{ $children{$pid} // [] };
        if ($listed) {
            opendir(my $tasks, "/proc/$pid/task") or next;
            push @next, split ' ', read_file("/proc/$pid/task/$_/children") // '' for grep { /^\d+$/ } readdir $tasks;
        }
        push @found, @next;
        push @queue, @next;
    }
    return @found;
}

my $page = POSIX::sysconf(POSIX::_SC_PAGESIZE());
sub resident_bytes {
    my $pages = 0;
    $pages += (split ' ', read_file("/proc/$_/statm") // '0 0')[1] // 0 for @_;
    return $pages * $page;
}

# Shared pages counted once; dearer to read. undef where the kernel does not say.
sub proportional_bytes {
    my $kib = 0;
    for (@_) {
        my $rollup = read_file("/proc/$_/smaps_rollup") // (-e "/proc/$_" ? return undef : next);
        $kib += $1 if $rollup =~ /^Pss:\s+(\d+)/m;
    }
    return $kib * 1024;
}

# Signals every process of a uid, atomically, from a child that has become that uid. The kernel does not say whether there
# was one: it counts those it was not allowed to signal, too.
sub signal_all {
    my ($uid, $gid, $signal) = @_;
    my $pid = fork // return;
    if (!$pid) { eval { become($uid, $gid); kill $signal, -1 }; POSIX::_exit(0) }
    waitpid $pid, 0;
}

# --- files

# Calls $visit->("/proc/self/fd/N/name", is folder) for every entry below a folder, the folder's own entries last.
# It goes by open folders and never through a symbolic link, so nobody can lead it elsewhere by swapping names. False
# where a folder could not be looked into.
sub walk {
    my ($path, $visit) = @_;
    my $flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
    my ($folder, $seen) = (undef, 1);
    sysopen($folder, $path, $flags) or $!{EACCES} && $> && chmod(0700, $path) && sysopen($folder, $path, $flags) or return $!{ENOENT};
    my $here = '/proc/self/fd/' . fileno $folder;
    opendir(my $entries, $here) or return 0;
    for my $name (readdir $entries) {
        next if $name eq '.' || $name eq '..';
        lstat "$here/$name" or next;
        my $is_folder = -d _;
        $seen = 0 if $is_folder && !walk("$here/$name", $visit);
        $visit->("$here/$name", $is_folder);
    }
    return $seen;
}

sub remove_tree {
    my ($path, $before_each) = @_;
    return 1 if rmdir $path;
    return unlink $path if $!{ENOTDIR} || $!{ENOENT};
    walk($path, sub { $before_each->() if $before_each; $_[1] ? rmdir $_[0] : unlink $_[0] });
    return rmdir $path;
}

# --- control groups

# Where a group for each run can be made, found by trying: { kill => folder of v2, memory => folder, memoryWay =>
# "cgroup-v1"|"cgroup-v2", pids => folder }. Machines are pure v2, pure v1, or hybrid (controllers in v1, kill in v2).
sub cgroup_places {
    my ($name, $is_root) = @_;
    my (%mount, %own, %place);
    for (split /\n/, read_file('/proc/self/mounts') // '') {
        my (undef, $where, $type, $options) = split ' ';
        $mount{v2} //= $where if $type eq 'cgroup2';
        if ($type eq 'cgroup') { $mount{$_} //= $where for grep { /^(?:memory|pids)$/ } split /,/, $options }
    }
    for (split /\n/, read_file('/proc/self/cgroup') // '') {
        my (undef, $controllers, $path) = split /:/, $_, 3;
        $own{$_} = $path for $controllers eq '' ? 'v2' : split /,/, $controllers;
    }
    for my $which (grep { $mount{$_} } qw(v2 memory pids)) {
        # A group of our own first; root's fallback is the top, where v2 allows controllers though we run in a leaf.
        for my $parent ($mount{$which} . ($own{$which} // ''), $is_root ? $mount{$which} : ()) {
            my $folder = $parent =~ s{/*$}{}r . "/$name";
            next unless (mkdir $folder or -d $folder) && (mkdir "$folder/probe" or -d "$folder/probe");
            if ($which eq 'v2') {
                $place{kill} //= $folder if -e "$folder/probe/cgroup.kill";
                write_file("$_/cgroup.subtree_control", '+memory +pids') for $parent, $folder;
                if (-e "$folder/probe/memory.max" && -e "$folder/probe/pids.max") {
                    @place{qw(kill memory memoryWay pids)} = ($folder, $folder, 'cgroup-v2', $folder);
                    rmdir "$folder/probe";
                    last;
                }
            } elsif (!$place{$which}) {
                $place{$which} = $folder;
                $place{memoryWay} = 'cgroup-v1' if $which eq 'memory';
                rmdir "$folder/probe";
                last;
            }
            rmdir "$folder/probe";
            rmdir $folder unless grep { $_ eq $folder } values %place;
        }
    }
    return \%place;
}

# The group of one run: the folders by purpose, limits set. What cannot be made is left out, and watched otherwise.
sub make_group {
    my ($place, $run, $memory_bytes, $processes) = @_;
    my (%group, %made);
    for my $what (grep { $place->{$_} } qw(kill memory pids)) {
        my $folder = "$place->{$what}/$run";
        $group{$what} = $folder if $made{$folder} //= mkdir $folder or -d $folder;
    }
    if ($group{memory} && $place->{memoryWay} eq 'cgroup-v2') {
        # The whole tree goes at once, and swap is no way around the limit.
        write_file("$group{memory}/memory.max", $memory_bytes) or delete $group{memory};
        write_file("$group{memory}/memory.swap.max", 0) if $group{memory};
        write_file("$group{memory}/memory.oom.group", 1) if $group{memory};
    } elsif ($group{memory}) {
        write_file("$group{memory}/memory.limit_in_bytes", $memory_bytes) or delete $group{memory};
        write_file("$group{memory}/memory.memsw.limit_in_bytes", $memory_bytes) if $group{memory};
    }
    write_file("$group{pids}/pids.max", $processes) or delete $group{pids} if $group{pids};
    return \%group;
}

sub group_folders { my %seen; return grep { !$seen{$_}++ } map { $_[0]{$_} // () } qw(kill memory pids) }

# A fork that is in the run's group of v2 from its birth, where the kernel can: [pid, that folder or undef]. Whoever moves there
# later waits until every core has passed a quiet state, some 15 ms, and with it each fork and exit of the machine.
sub fork_into {
    my ($group) = @_;
    if ($group->{kill} && opendir my $folder, $group->{kill}) {
        # struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup
        my $args = pack 'Q11', CLONE_INTO_CGROUP, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, fileno $folder;
        my $pid = call('clone3', $args, length $args);
        return ($pid + 0, $group->{kill}) if defined $pid;
    }
    return (fork, undef);
}

# Of this process alone, which has one thread: v1 then moves it without that wait.
sub join_group {
    my ($group, $born) = @_;
    for my $folder (grep { !defined $born || $_ ne $born } group_folders($group)) {
        write_file(-e "$folder/tasks" ? "$folder/tasks" : "$folder/cgroup.procs", 0) or die "$folder: $!\n";
    }
}

# undef where the run has no group at all.
sub group_pids { my ($folder) = group_folders($_[0]); return $folder && [split ' ', read_file("$folder/cgroup.procs") // ''] }

sub drop_group {
    for my $folder (group_folders($_[0])) {
        for (1 .. 5) {    # the last corpse may still be on its way out
            last if rmdir $folder or $! == POSIX::ENOENT();
            select undef, undef, undef, 0.02;
        }
    }
}

1;
