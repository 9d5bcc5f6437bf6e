package Weir::Run;

# One run at a time, from its folder to its `ended` file: the wrapper. It is a fork of the launcher in a session of its
# own, so it outlives the launcher, the agent and the server; it alone enforces limits and tells how the run ended.
use strict;
use warnings;
use Cwd ();
use Fcntl qw(:DEFAULT :mode);
use POSIX ();
use Weir::Confine;
use Weir::Kernel;
use Weir::Record;
use Exporter qw(import);
our @EXPORT = qw(serve bury carriers give_back take_over read_stream);

use constant { STREAM => { stdout => 100, stderr => 101 } };    # the wrapper's own handles, where the launcher finds them
use constant { CLONE_NEWNS => 0x20000, CLONE_NEWIPC => 0x08000000, MS_BIND => 0x1000, MS_BIND_REC => 0x5000, MS_REC_PRIVATE => 0x44000 };
use constant { MS_NOSUID_NODEV => 6, SIGCHLD => 17, SIGTERM => 15, SIGCONT => 18, SIGKILL => 9, PATIENCE_MS => 10_000 };

# Takes orders from the launcher, one after the other (a fork, and the memory it copies, is a third of what a short run
# costs), and ends with the launcher, though not before its run. $next->() waits for an order, undef at the launcher's end.
sub serve {
    my ($next) = @_;
    POSIX::setsid();
    POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(SIGCHLD, SIGTERM));    # they are read from a handle
    call('prctl', 36, 1, 0, 0, 0) or die "PR_SET_CHILD_SUBREAPER: $!";    # what a job leaves behind comes back to us
    my $mask = pack 'Q', 1 << (SIGCHLD - 1) | 1 << (SIGTERM - 1);
    my $signals = call('signalfd4', -1, $mask, 8, 02004000) // die "signalfd: $!";
    while (my $order = $next->()) {
        $0 = "weir-run $order->{run}";
        supervise({ %$order, signals => $signals }) or last;
        $0 = 'weir-run, waiting';
    }
    POSIX::_exit(0);
}

# $o: { run, runs, uid, gid, agentUid, agentGid, cwd, stdout, stderr, script, argv, env, files, startBefore, timeLimitMs, graceMs,
#       warnSignal, warnBeforeMs, memoryBytes, processes, logCapBytes, cores, writable, places, private, keep, confines, tell, fence }, all checked by the launcher.
# Tells `rejected`, or `started` and then `ended`. True when this process can take another run.
sub supervise {
    my ($o) = @_;
    my $place = "$o->{runs}/$o->{run}";
    my $made = eval { $o->{fence}->(sub { make_folder($o, $place) }); 1 };
    if (!$made) {
        my ($code, $words) = $@ =~ /^(already-there|too-late|orphaned) / ? ($1, $') : ('refused', $@);
        remove_tree($place) unless $code eq 'already-there';
        drop_group($o->{group}) if $o->{group};
        $o->{tell}->("rejected $o->{run} $code $words");
        return 1;
    }
    my $r = { %$o, place => $place, startedMs => wall_ms(), begun => monotonic_ms(), cause => 'exited', words => '', peak => 0, cpu => [0, 0], largest => 0 };
    $r->{main} = eval { start_job($r) };
    if ($r->{main}) {
        $o->{tell}->("started $o->{run}");
        watch($r);
    } else {
        ($r->{status}, $r->{words}) = $@ =~ /^(12[67]) (.*)/s ? ($1 << 8, $2) : (126 << 8, $@);
        $r->{words} =~ s/\s+\z//;
        $r->{cause} = 'start-failed';
        open_missing($r);
    }
    return finish($r);
}

# --- before the start

# The run's folder with everything in it; `started` comes last, on disk before the job can run. Dies with words, and
# then nothing has run and nothing will. Folders of the job: work/ and tmp/. The rest is not writable by it.
sub make_folder {
    my ($o, $place) = @_;
    if (!mkdir $place, 0711) {
        die "the run's folder cannot be made: $!\n" unless $!{EEXIST};
        die "already-there it was started before\n" if -e "$place/started";
        remove_tree($place);    # an earlier try that never came to its start
        mkdir $place, 0711 or die "the run's folder cannot be made: $!\n";
    }
    for my $folder ("$place/work", "$place/tmp") {
        mkdir $folder, 0700 or die "$folder: $!\n";
        !$o->{uid} or chown $o->{uid}, $o->{gid}, $folder or die "$folder: $!\n";
    }
    if (defined $o->{script}) {
        put("$place/script", 0550, $o->{script});
        !$o->{uid} or chown 0, $o->{gid}, "$place/script" or die "$place/script: $!\n";
    }
    as_user(@$o{qw(uid gid)}, sub { put_input("$place/work", $_) for @{ $o->{files} } }) if @{ $o->{files} };
    put("$place/.ended", 0640, ROOM);
    $o->{group} = make_group($o->{places}, @$o{qw(run memoryBytes processes)});
    die "too-late its start was forbidden after a time that has passed\n" if monotonic_ms() > $o->{startBefore};
    put("$place/started", 0640, lines(
        pid => $$, startTicks => start_ticks($$), bootId => boot_id(), startedMs => wall_ms(), uid => $o->{uid}, gid => $o->{gid},
        cores => $o->{cores}, memoryBytes => $o->{memoryBytes}, (map { ("group.$_" => $o->{group}{$_}) } keys %{ $o->{group} }),
    ), 'sync');
}

# Forks the job and waits until it has become the user's program. Dies with "126 words" or "127 words" as a shell says.
sub start_job {
    my ($r) = @_;
    take_former($r);
    $r->{named} = [open_places($r, @{ $r->{writable} })] if $r->{uid};
    hide_shared_folders($r) if $r->{uid} && $r->{confines} eq 'view';
    open_streams($r);
    pipe(my $said, my $say) or die "126 pipe: $!";
    my ($pid, $born) = fork_into($r->{group});
    defined $pid or die "126 fork: $!";
    if (!$pid) {
        close $said;
        eval { become_job($r, fileno $say, $born) };
        syswrite $say, $@;
        POSIX::_exit(126);
    }
    close $say;
    my $words = '';
    1 while sysread $said, $words, 4096, length $words;    # its end closes as the program takes over
    return $pid if $words eq '';
    waitpid $pid, 0;
    die $words;
}

# What the attempt before this one left in its working folder is this one's from now on. Whatever its files are linked to
# elsewhere stays whose it is.
sub take_former {
    my ($r) = @_;
    my ($task, $attempt) = $r->{run} =~ /^(.*)\.(\d+)$/ or return;
    for my $before (reverse 1 .. $attempt - 1) {
        next unless -e "$r->{runs}/$task.$before/ended";
        rename "$r->{runs}/$task.$before/work", "$r->{place}/former" or next;
        $r->{former} = "$r->{place}/former";
        last;
    }
    return unless $r->{former} && $r->{uid};
    my $hand_over = sub {
        my @of = lstat $_[0];
        POSIX::lchown($r->{uid}, $r->{gid}, $_[0]) if @of && $of[4] == $r->{agentUid} && (-d _ || $of[3] == 1);
    };
    walk($r->{former}, $hand_over);
    $hand_over->($r->{former});
}

# A view of the machine in which /tmp and the other folders anyone may write are the run's own; and its own SysV IPC.
sub hide_shared_folders {
    my ($r) = @_;
    open my $outside, '<', '/proc/self/ns/mnt' or die "126 /proc/self/ns/mnt: $!\n";
    opendir my $root, '/' or die "126 /: $!\n";
    call('unshare', CLONE_NEWNS | CLONE_NEWIPC) or die "126 a private view of the file systems: $!\n";
    @$r{qw(outside root)} = ($outside, $root);
    mount_at('none', '/', '', MS_REC_PRIVATE, '') or die "126 a private view of the file systems: $!\n";
    my $own = "$r->{place}/tmp";
    for my $folder (@{ $r->{private} }) {
        my $done = $folder eq '/dev/shm'    # memory, and counted as the job's
            ? mount_at('tmpfs', $folder, 'tmpfs', MS_NOSUID_NODEV, "mode=1777,size=$r->{memoryBytes}")
            : eval {
                for my $kept (grep { "$_/" =~ m{^\Q$folder\E/} } $r->{place}, @{ $r->{keep} }) {    # a home below /tmp
                    my $inside = $own;
                    for (split m{/}, substr $kept, length "$folder/") { $inside .= "/$_"; mkdir $inside, 0711 }
                    mount_at($kept, $inside, '', MS_BIND, '') or die "$!\n";
                }
                mount_at($own, $folder, '', MS_BIND_REC, '') or die "$!\n";
            };
        die "126 a private $folder: " . ($@ || $!) . "\n" unless $done;
    }
}

# Before anything is removed: what is mounted in there must not be mistaken for the run's. To come back to a view is to come
# to the top of it, which is not what our paths begin at where all of this runs in a chroot.
sub leave_view {
    my ($r) = @_;
    return !$r->{outside} || call('setns', fileno $r->{outside}, CLONE_NEWNS) && chdir $r->{root} && chroot '.';
}

# Logs lie in a folder the job cannot write, yet belong to it, so that `echo x > /dev/stderr` works. A path the user named is
# opened with the job user's rights; a pipe of ours is never between the job and its log.
sub open_streams {
    my ($r) = @_;
    for my $name (qw(stdout stderr)) {
        my $path = $r->{$name};
        next if merged($r) && $name eq 'stderr';
        if ($path eq '') {
            open_own($r, $name);
        } else {
            my $full = $path =~ m{^/} ? $path : ($r->{cwd} || "$r->{place}/work") . "/$path";
            my $flags = O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY;
            as_user(@$r{qw(uid gid)}, sub {
                sysopen(my $file, $full, $flags, 0644) or die "126 $name cannot be written to $full: $!\n";
                fcntl($file, F_SETFL, O_APPEND);
                $r->{streams}{$name} = { file => $file, name => $name, regular => -f $file, dropped => 0 };
            });
        }
        POSIX::dup2(fileno $r->{streams}{$name}{file}, STREAM->{$name}) // die "126 $name: $!\n";
    }
}

sub open_own {
    my ($r, $name) = @_;
    sysopen(my $file, "$r->{place}/$name", O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0640) or die "126 $name: $!\n";
    !$r->{uid} or chown $r->{uid}, $r->{gid}, $file or die "126 $name: $!\n";
    $r->{streams}{$name} = { file => $file, name => $name, own => 1, regular => 1, dropped => 0 };
}

# After a failed start: where a stream could not be opened, one of our own takes its place, so that the log says why.
sub open_missing {
    my ($r) = @_;
    for my $name (grep { !$r->{streams}{$_} } merged($r) ? 'stdout' : qw(stdout stderr)) {
        eval { open_own($r, $name); 1 } or next;    # a full disk: `words` say it all the same
        POSIX::dup2(fileno $r->{streams}{$name}{file}, STREAM->{$name});
    }
}

sub merged { return $_[0]{stderr} ne '' && $_[0]{stderr} eq $_[0]{stdout} }

# In the child: everything between root's fork and the user's program.
sub become_job {
    my ($r, $say, $born) = @_;
    POSIX::setsid();    # `kill 0` is the job's own affair
    eval { join_group($r->{group}, $born); 1 } or die "126 control group: $@";
    limit_self(4, 0, 0);
    limit_self(6, $r->{processes}, $r->{processes}) if $r->{uid} || !$r->{group}{pids};
    if ($r->{uid}) {
        call('prctl', 38, 1, 0, 0, 0) or die "126 PR_SET_NO_NEW_PRIVS: $!\n";    # no crontab, no at, no sudo: nothing to come back by
        confine($r);
        eval { become(@$r{qw(uid gid)}); 1 } or die "126 user $r->{uid}: $@";
    }
    call('prctl', 1, SIGKILL, 0, 0, 0);    # PR_SET_PDEATHSIG: no job without its wrapper
    my $cwd = $r->{cwd} || "$r->{place}/work";
    chdir $cwd or die "126 the working directory $cwd: $!" . ($r->{outside} && $cwd =~ m{^/(?:var/)?tmp/} ? '; a job has a /tmp and a /var/tmp of its own' : '') . "\n";
    POSIX::dup2(STREAM->{stdout}, 1) && POSIX::dup2(STREAM->{merged($r) ? 'stdout' : 'stderr'}, 2) or die "126 $!\n";
    open STDIN, '<', '/dev/null' or die "126 /dev/null: $!\n";
    opendir(my $open, '/proc/self/fd') or die "126 /proc/self/fd: $!\n";    # nothing else of ours, or of who started us
    POSIX::close($_) for grep { /^\d+$/ && $_ > 2 && $_ != $say && $_ != fileno $open } readdir $open;
    $SIG{$_} = 'DEFAULT' for qw(PIPE HUP);    # the launcher ignores them, and that would be inherited
    POSIX::sigprocmask(POSIX::SIG_SETMASK(), POSIX::SigSet->new);
    my $start_s = int($r->{startedMs} / 1000);
    %ENV = (
        SLURM_JOB_UID => $r->{uid} || $>, SLURM_JOB_GID => $r->{gid} || $) + 0, SLURM_TASK_PID => $$, SLURM_JOB_START_TIME => $start_s,
        SLURM_JOB_END_TIME => $start_s + int($r->{timeLimitMs} / 1000), %{ $r->{env} }, WEIR_CHECKPOINT => "$r->{place}/work/.weir-checkpoint",
        $r->{former} ? (WEIR_FORMER_WORK => $r->{former}) : (),
    );
    my @argv = @{ $r->{argv} };
    my $program = defined $r->{script} ? "$r->{place}/script" : $argv[0];
    unshift @argv, $program if defined $r->{script};
    no warnings 'exec';
    exec { $program } @argv;
    my $missing = $!{ENOENT} && defined $r->{script} ? 'the interpreter of its first line is not on this machine' : "$!";
    die +($!{ENOENT} ? 127 : 126) . ' ' . (defined $r->{script} ? 'the script' : $program) . ": $missing\n";
}

# --- while it runs

# Until the main process has ended: warning, time limit, grace, memory, logs, and the launcher's `stop` file (told by SIGTERM).
sub watch {
    my ($r) = @_;
    my $deadline = $r->{begun} + $r->{timeLimitMs};
    my $warn_at = $r->{warnSignal} ? $deadline - $r->{warnBeforeMs} : 9e18;
    my ($stop_at, $kill_at, $tick_at) = (9e18, 9e18, 0);
    while (1) {
        while ((my $pid = reap_one($r)) > 0) { return if $pid == $r->{main} }    # orphans of the job come back here too
        my $now = monotonic_ms();
        if ($now >= $warn_at) { warn_program($r); $warn_at = 9e18 }
        if ($now >= $deadline) {
            stop($r, 'time-limit');
            ($deadline, $kill_at) = (9e18, min($kill_at, $now + $r->{graceMs}));
        }
        if (-e "$r->{place}/stop") {
            my %asked = facts("$r->{place}/stop");
            unlink "$r->{place}/stop";
            $r->{asked} = $asked{cause} // 'cancelled';
            if (!$asked{warn} || !$r->{warnSignal}) { $stop_at = $now }
            elsif ($stop_at == 9e18) { warn_program($r); ($warn_at, $stop_at) = (9e18, $now + $r->{warnBeforeMs}) }
        }
        if ($now >= $stop_at) {
            stop($r, $r->{asked});
            ($stop_at, $kill_at) = (9e18, min($kill_at, $now + $r->{graceMs}));
        }
        if ($now >= $kill_at) { signal_tree($r, SIGKILL); $kill_at = $now + 100 }
        if ($now >= $tick_at) {
            my $flooded = hold_logs($r);
            stop($r, 'out-of-memory', SIGKILL) if beyond_memory($r);
            $tick_at = $now + ($flooded || !$r->{group}{memory} ? 200 : 1000);
        }
        my $wait = min($tick_at, $warn_at, $deadline, $stop_at, $kill_at) - $now;
        vec(my $ready = '', $r->{signals}, 1) = 1;
        POSIX::read($r->{signals}, my $siginfo, 4096) if select($ready, undef, undef, ($wait > 1 ? $wait : 1) / 1000) > 0;
    }
}

# To the program alone, which may save its work; what it starts is its own affair (sbatch --signal=B:).
sub warn_program { my ($r) = @_; kill $r->{warnSignal}, $r->{main}; kill SIGCONT, $r->{main} }

sub reap_one {
    my ($r) = @_;
    my ($pid, $status, $user, $system, $largest) = reap();
    return $pid if $pid <= 0;
    $r->{status} = $status if $pid == $r->{main};
    $r->{cpu}[0] += $user;
    $r->{cpu}[1] += $system;
    $r->{largest} = $largest if $largest > $r->{largest};
    return $pid;
}

sub min { my $least = shift; for (@_) { $least = $_ if $_ < $least } return $least }

# The first cause stands.
sub stop {
    my ($r, $cause, $signal) = @_;
    $r->{cause} = $cause if $r->{cause} eq 'exited';
    signal_tree($r, $signal // SIGTERM);
    signal_tree($r, SIGCONT) unless $signal;    # a stopped process would not hear it
}

sub signal_tree {
    my ($r, $signal) = @_;
    return if $signal == SIGKILL && $r->{group}{kill} && write_file("$r->{group}{kill}/cgroup.kill", 1);
    my $pids = group_pids($r->{group});
    return signal_all(@$r{qw(uid gid)}, $signal) if !$pids && $r->{uid};
    $pids //= [descendants($r->{wrapper} // $$)];
    if ($signal == SIGKILL) { kill 'STOP', @$pids; $pids = group_pids($r->{group}) // [descendants($r->{wrapper} // $$)] }
    kill $signal, @$pids;
}

# Where the kernel kills, it has counted; else the tree's resident memory is watched, as `sampled` says.
sub beyond_memory {
    my ($r) = @_;
    if (my $group = $r->{group}{memory}) {
        my $text = read_file("$group/" . ($r->{places}{memoryWay} eq 'cgroup-v2' ? 'memory.events' : 'memory.oom_control')) // '';
        return $text =~ /^oom_kill [1-9]/m;
    }
    my @tree = descendants($$);
    my $bytes = resident_bytes(@tree);
    $bytes = proportional_bytes(@tree) // $bytes if $bytes > $r->{memoryBytes};    # a forked tree shares most of it
    $r->{peak} = $bytes if $bytes > $r->{peak};
    return $bytes > $r->{memoryBytes};
}

# Cuts each stream back to its cap and counts what is known to go; true when one is growing past it.
sub hold_logs {
    my ($r) = @_;
    my $flooded;
    for my $stream (values %{ $r->{streams} }) {
        next unless $stream->{regular};
        my $beyond = (-s $stream->{file}) - $r->{logCapBytes};
        next if $beyond <= 0;
        truncate $stream->{file}, $r->{logCapBytes} or next;
        $stream->{dropped} += $beyond;
        $flooded = 1;
    }
    return $flooded;
}

# --- the end

# A batch job's end ends its tree: what is left is killed. Then the logs' last words, what was used, and `ended`.
sub finish {
    my ($r) = @_;
    # Nothing of the job outlasts its limit and grace: what the killing takes beyond is ours, and no more than was held is booked.
    my $wall = min(monotonic_ms() - $r->{begun}, $r->{timeLimitMs} + $r->{graceMs});
    my $left = end_tree($r);
    my $ran = $r->{cause} ne 'start-failed';
    if ($r->{cause} eq 'exited' && beyond_memory($r)) { $r->{cause} = 'out-of-memory' }
    my $saved = saved_ms($r, $wall);
    my ($user, $system) = map { int } @{ $r->{cpu} };
    ($user, $system) = (int($1 / 1000), int($2 / 1000))
        if $r->{group}{kill} && (read_file("$r->{group}{kill}/cpu.stat") // '') =~ /^user_usec (\d+)\nsystem_usec (\d+)/m;
    my $way = 'sampled';
    if (my $group = $r->{group}{memory}) {
        my $peak = read_file("$group/memory.peak") // read_file("$group/memory.max_usage_in_bytes") // '';
        ($way, $r->{peak}) = ($r->{places}{memoryWay}, $peak + 0) if $peak =~ /^\d/;
    }
    $r->{peak} ||= $r->{largest};
    ($wall, $user, $system, $r->{peak}) = (0, 0, 0, 0) unless $ran;    # what it used was ours: it never became the user's program
    last_words($r);
    drop_group($r->{group});
    my $signal = $r->{status} & 127;
    my $report = lines(
        cause => $r->{cause}, exitCode => $signal ? '' : $r->{status} >> 8, signal => $signal || '', words => $r->{words},
        startedMs => $r->{startedMs}, endedMs => wall_ms(), wallMs => $wall, checkpointMs => $saved, cpuUserMs => $user, cpuSystemMs => $system,
        peakMemoryBytes => $r->{peak}, memoryWay => $way, leftProcesses => $left,
        map { ("${_}DroppedBytes" => $r->{streams}{$_} ? $r->{streams}{$_}{dropped} : 0) } qw(stdout stderr),
    );
    keep_streams($r);
    # Cleaned first, written second: who sees `ended` finds the output the agent's and the uid free again.
    my $dirt = !leave_view($r) ? 'its private view of the file systems cannot be left'
        : $left < 0 ? 'a process that even SIGKILL does not end' : give_back($r);
    select undef, undef, undef, 1 until end_is_written($r->{place}, $report);
    POSIX::close($_) for values %{ +STREAM };
    $r->{tell}->("ended $r->{run} " . ($dirt || 'clean'));
    return !$dirt;
}

# After how much of its time the job last said that its work is saved, by touching the file; '' where it never did.
sub saved_ms {
    my ($r, $wall) = @_;
    my @of = lstat "$r->{place}/work/.weir-checkpoint" or return '';
    my $after = 1000 * $of[9] - $r->{startedMs};
    return $after < 0 ? 0 : min($after, $wall);
}

# How many processes were left and killed; -1 when some would not die. All descendants come back to us (subreaper), so
# none is left once there is no child to wait for.
sub end_tree {
    my ($r) = @_;
    my $left = 0;
    my $until = monotonic_ms() + PATIENCE_MS;
    while (1) {
        while ((my $pid = reap_one($r)) != 0) { return $left if $pid < 0; $left++ }
        return -1 if monotonic_ms() > $until;
        signal_tree($r, SIGKILL);
        vec(my $ready = '', $r->{signals}, 1) = 1;
        POSIX::read($r->{signals}, my $siginfo, 4096) if select($ready, undef, undef, 0.05) > 0;
    }
}

sub last_words {
    my ($r) = @_;
    hold_logs($r);
    for my $stream (grep { $_->{dropped} } values %{ $r->{streams} }) {
        syswrite $stream->{file}, "\nweir: at least $stream->{dropped} bytes were dropped here: this stream is kept up to $r->{logCapBytes} bytes\n";
    }
    my $errors = $r->{streams}{stderr} // $r->{streams}{stdout};
    syswrite $errors->{file}, "weir: the job could not be started: $r->{words}\n" if $errors && $r->{cause} eq 'start-failed';
}

# A stream the user named stays readable when its path is gone or changed: by a second link, else by a copy.
sub keep_streams {
    my ($r) = @_;
    for my $name (qw(stdout stderr)) {
        my $stream = $r->{streams}{$name} // next;
        next if $stream->{own} || !$stream->{regular};
        my ($from, $to) = ('/proc/self/fd/' . STREAM->{$name}, "$r->{place}/$name");
        my ($path, $inode) = (readlink $from, join ',', (stat $stream->{file})[0, 1]);
        if (link $path, $to) { next if join(',', (lstat $to)[0, 1]) eq $inode; unlink $to }
        open(my $in, '<', $from) && sysopen(my $out, $to, O_WRONLY | O_CREAT | O_EXCL, 0640) or next;
        my $bytes;
        while (sysread $in, $bytes, 1 << 20) { syswrite $out, $bytes }
    }
}

# Makes the run's output the agent's and removes every other trace of its uid; '' when nothing of it is left, else what is.
# $r->{named} or, without a wrapper, $r->{left_at}: where else it could write. $r->{patient}: however long it takes.
sub give_back {
    my ($r) = @_;
    remove_tree("$r->{place}/tmp");
    return '' unless $r->{uid};
    my ($uid, $left) = ($r->{uid}, 0);
    my $hand_over = sub {
        return if ((lstat $_[0])[4] // 0) != $uid;    # not a link to another's file
        POSIX::lchown($r->{agentUid}, $r->{agentGid}, $_[0]) // $left++;
    };
    walk("$r->{place}/$_", $hand_over) for qw(work former);
    $hand_over->("$r->{place}/$_") for qw(work former stdout stderr);
    for my $stream (values %{ $r->{streams} // {} }) {
        next if !$stream->{regular} || (stat $stream->{file})[4] != $uid;
        chown $r->{agentUid}, $r->{agentGid}, $stream->{file} or $left++;
    }
    my @elsewhere = $r->{named} ? map { '/proc/self/fd/' . fileno $_->{handle} } @{ $r->{named} } : grep { defined } map { Cwd::realpath($_) } @{ $r->{left_at} };
    return 'what it may have left anywhere is looked for' if $r->{confines} eq 'none' && !$r->{patient};
    my $budget = $r->{patient} ? 1e15 : 1_000_000;    # a folder of the user's own choice may be large
    for my $path (@elsewhere) {
        my $seen = eval {
            !-d $path || walk("$path/.", sub { $budget-- or die "many\n"; $hand_over->($_[0]) });
        };
        return "too many files in $path to look through at once" unless defined $seen;
        return "a folder in $path that cannot be looked into" unless $seen;
        $hand_over->($path) unless $r->{named};
    }
    return $left ? "$left files of uid $uid could not be taken from it" : '' if $r->{confines} eq 'view';
    for my $folder (@{ $r->{private} }) {
        walk($folder, sub { $hand_over->($_[0]) if ((lstat $_[0])[4] // 0) == $uid && !($_[1] ? rmdir $_[0] : unlink $_[0]) });
    }
    for (['shm', sub { shmctl $_[0], 0, 0 }], ['sem', sub { semctl $_[0], 0, 0, 0 }], ['msg', sub { msgctl $_[0], 0, 0 }]) {
        my ($kind, $remove) = @$_;
        my ($head, @objects) = map { [split] } split /\n/, read_file("/proc/sysvipc/$kind") // '';
        my %at = map { $head->[$_] => $_ } 0 .. $#{ $head // [] };
        for (grep { $_->[$at{uid}] == $uid || $_->[$at{cuid}] == $uid } @objects) { $remove->($_->[1]) // $left++ }
    }
    return $left ? "$left files or IPC objects of uid $uid could not be taken from it" : '';
}

# Wherever nothing kept runs from writing: makes the agent's what is left of these uids below a folder; false where it cannot.
sub take_over {
    my ($top, $agent_uid, $agent_gid, @uids) = @_;
    my %is_left = map { $_ => 1 } @uids;
    my $done = 1;
    for my $path (grep { !m{^/(?:proc|sys)$} } glob "\Q$top\E/*") {
        my $hand_over = sub { $is_left{ (lstat $_[0])[4] // '' } and POSIX::lchown($agent_uid, $agent_gid, $_[0]) // ($done = 0) };
        $done = 0 if !-l $path && -d $path && !walk($path, $hand_over);
        $hand_over->($path);
    }
    return $done;
}

# For the launcher: the wrapper was killed, or the machine went down. Ends what still carries the run's group, uid or id,
# takes its uid back, and writes the verdict, so that it is the same whoever asks. Runs in a child.
sub bury {
    my ($o) = @_;
    my %started = facts("$o->{runs}/$o->{run}/started");
    my %r = (%$o, place => "$o->{runs}/$o->{run}", uid => $started{uid} // 0, gid => $started{gid} // 0, group => {});
    my $same_boot = ($started{bootId} // '') eq boot_id();
    for (qw(kill memory pids)) { $r{group}{$_} = $started{"group.$_"} if -d ($started{"group.$_"} // '/none') }
    my ($found, $until) = (0, monotonic_ms() + PATIENCE_MS);
    while ($same_boot) {
        my %pids = map { $_ => 1 } @{ group_pids($r{group}) // [] }, carriers($r{place}, $r{uid});
        $found = keys %pids if keys %pids > $found;
        last if !%pids || monotonic_ms() > $until;
        signal_tree(\%r, SIGKILL) if %{ $r{group} } || $r{uid};
        kill 'KILL', keys %pids;
        select undef, undef, undef, 0.02;
    }
    drop_group($r{group});
    my $dirt = give_back(\%r);
    my $words = $same_boot ? "its wrapper was killed; $found processes of it were found and ended" : 'the machine was restarted under it';
    my $report = lines(cause => 'lost', words => $words, startedMs => $started{startedMs}, endedMs => wall_ms(), leftProcesses => $found);
    select undef, undef, undef, 1 until facts("$r{place}/ended") || end_is_written($r{place}, $report);
    $o->{tell}->("ended $o->{run} " . ($dirt || 'clean'));
    POSIX::_exit(0);
}

# Processes of a run by its uid (which only this run has), else by its folder in their environment.
sub carriers {
    my ($place, $uid) = @_;
    opendir(my $proc, '/proc') or return;
    my $is_its = $uid
        ? sub { (read_file("/proc/$_[0]/status") // '') =~ /^Uid:\t$uid\t/m }    # its folder may be root's
        : sub { grep { $_ eq "WEIR_WORK=$place/work" } split /\0/, read_file("/proc/$_[0]/environ") // '' };
    return grep { /^\d+$/ && defined start_ticks($_) && $is_its->($_) } readdir $proc;
}

# Up to $max bytes of a stream from $offset: (bytes, size), or () with words in $!. From the wrapper's own handle while it
# lives, so a path that the user named is never opened with our rights.
sub read_stream {
    my ($place, $name, $offset, $max, $wrapper) = @_;
    my $file;
    sysopen($file, "$place/$name", O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        or $wrapper && sysopen($file, "/proc/$wrapper/fd/" . STREAM->{$name}, O_RDONLY | O_NONBLOCK) or return;
    my ($mode, $size) = (stat $file)[2, 7];
    if (!S_ISREG($mode)) { $! = POSIX::EINVAL(); return }
    sysseek $file, $offset, 0;
    sysread($file, my $bytes, $max) // return;
    return ($bytes, $size);
}

1;
