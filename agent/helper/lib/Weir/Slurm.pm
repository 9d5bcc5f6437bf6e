package Weir::Slurm;

# Slurm's commands, as the user who asks. Output is text with separators drawn by lot for each call, so that no job's name
# or comment can imitate a field or a row; never JSON, whose exit codes are wrong in 22.05.
use strict;
use warnings;
use Weir::Command;
use Weir::Policy;
use Weir::Submission;
use Exporter qw(import);
our @EXPORT = qw(submit_to_slurm cancel_jobs list_jobs show_jobs show_limits mint_token show_load);

# In the answer's order; squeue(1) -o and sacct(1) --format.
my @QUEUE = qw(id=%A arrayJob=%F arrayTask=%K state=%T reason=%r submit=%V start=%S end=%e timeLimit=%l priority=%Q partition=%P account=%a qos=%q
    nodes=%D cpus=%C nodelist=%N user=%u comment=%k name=%j);
my @ACCOUNTING = qw(JobID JobIDRaw State ExitCode DerivedExitCode Submit Eligible Start End ElapsedRaw Timelimit UserCPU SystemCPU TotalCPU MaxRSS
    AllocCPUS NNodes AllocTRES ConsumedEnergyRaw NodeList Partition Account QOS Reason User JobName);
my @LOAD = qw(state=%T partition=%P nodes=%D cpus=%C memory=%m gres=%b timeLimit=%l end=%e submit=%V priority=%Q nodelist=%N weir=%j);
my $FREE_TEXT = qr/(?:JobId|UserId|JobState|Reason|ExitCode|DerivedExitCode|Restarts|StartTime|EndTime|RunTime|TimeLimit|NumNodes|NumCPUs|TRES)/;

sub submit_to_slurm {
    my ($policy, $batch, $lock, @words) = @_;
    # sbatch holds the lock too: while it may still reach slurmctld nobody submits the chunk again.
    my ($status, $out, $err) = command($policy, 'sbatch', \@words, keep => $lock, input => $batch);
    failed('timeout', $err) if $status == -1;
    failed('engine', "sbatch: $err", exit => $status >> 8 || 128 + ($status & 127), stderr => $err) if $status != 0;
    my ($id, $cluster) = $out =~ /^([1-9]\d*)(?:;(\S+))?\s*\z/m or failed('engine', "sbatch said no job id: $out", exit => 0, stderr => "$out$err");
    return ($id, $cluster // '', $err);
}

# Only what Weir submitted, by its name or comment: a user's other jobs are not the network's to end. Of jobs [id, tag] only
# those that carry their tag, where one is said: a controller that lost its state gives numbers again. That a number may have
# been of the tag before is for $may_have_had->($tag, $number) to say: then the user's own job that has it now is left alone,
# and nobody is alarmed.
sub cancel_jobs {
    my ($policy, $person, $signal, $batch, $waiting, $may_have_had, @jobs) = @_;
    my %words;
    for my $row (queue_rows($policy, \@QUEUE, '--user=' . $person->{name}, '--jobs=' . join ',', map { $_->[0] } @jobs)) {
        my %row; @row{ map { /^(\w+)/ } @QUEUE } = @$row;
        push @{ $words{$_} }, [@row{qw(name comment)}] for @row{qw(id arrayJob)};
    }
    my (@there, @not_there);
    for my $job (@jobs) {
        my ($id, $tag) = @$job;
        my @words = @{ $words{ base_of($id) } // [] };
        my $is_foreign = @words && !grep { "@$_" =~ /(?:^|[ .])weir-/ } @words;
        refuse('foreign-job', "job $id was not submitted by Weir") if $is_foreign && !(defined $tag && $may_have_had->($tag, base_of($id)));
        if (grep { !defined $tag || carries_tag($tag, @$_) } @words) { push @there, $id } else { push @not_there, notThere => $id }
    }
    @there = held_in_queue($policy, $person, @there) if $waiting && @there;
    return @not_there unless @there;
    my ($status, $out, $err) = command($policy, 'scancel', [$signal ? "--signal=$signal" : (), $batch ? '--batch' : (), @there]);
    failed('timeout', $err) if $status == -1;
    my $already = !grep { !/already completing or completed|Invalid job id|^\s*$/ } split /\n/, $err;
    failed('engine', "scancel: $err", exit => $status >> 8, stderr => $err) if $status != 0 && !$already;
    return (@not_there, map({ (cancelled => $_) } @there), stderr => $err);
}

# Those of the jobs that wait, and cannot start any more: scancel --state=PENDING looks first and ends after, and what starts
# in between is ended too.
sub held_in_queue {
    my ($policy, $person, @ids) = @_;
    my ($status, $out, $err) = command($policy, 'scontrol', ['hold', join ',', @ids]);
    failed('timeout', $err) if $status == -1;
    my $over = !grep { !/has already finished|already completing or completed|no longer pending|Invalid job id|^\s*$/ } split /\n/, $err;
    failed('engine', "scontrol hold: $err", exit => $status >> 8, stderr => $err) if $status != 0 && !$over;
    my %waits;
    for my $row (queue_rows($policy, \@QUEUE, '--array', '--user=' . $person->{name}, '--jobs=' . join ',', @ids)) {
        my %row; @row{ map { /^(\w+)/ } @QUEUE } = @$row;
        $waits{$_} = 1 for $row{state} eq 'PENDING' ? ($row{id}, "$row{arrayJob}_$row{arrayTask}") : ();
    }
    return grep { $waits{$_} } @ids;
}

sub carries_tag { my ($tag, $name, $comment) = @_; return $name =~ /\.weir-\Q$tag\E\z/ || $comment =~ /weir-\Q$tag\E\z/ }
sub base_of { return $_[0] =~ s/_.*//r }

sub list_jobs {
    my ($policy, $person, $tag, $since_s) = @_;
    my $wanted = qr/\.weir-\Q$tag\E[0-9A-Za-z.-]*\z/;
    my $comment = qr/\Aweir-\Q$tag\E/;
    my @queue = grep { $_->[-1] =~ $wanted || $_->[-2] =~ $comment } queue_rows($policy, \@QUEUE, '--user=' . $person->{name});
    my ($has, @rows) = accounting_rows($policy, '--user=' . $person->{name}, '--allocations', '--duplicates', "--starttime=now-$since_s");
    return (
        queueFields => join("\t", map { /^(\w+)/ } @QUEUE), accountingFields => join("\t", @ACCOUNTING), hasAccounting => $has,
        map({ (queue => row_of($_)) } @queue), map { (accounting => row_of($_)) } grep { $_->[-1] =~ $wanted } @rows,
    );
}

# As cancel_jobs and list_jobs: of a user's jobs those alone that Weir submitted (P1).
sub show_jobs {
    my ($policy, $person, $only, @ids) = @_;
    my (@answer, $words);
    for my $id ($only eq 'accounting' ? () : @ids) {
        my ($status, $out, $err) = command($policy, 'scontrol', ['--oneliner', 'show', 'job', $id], env => { SLURM_TIME_FORMAT => '%s' });
        failed('timeout', $err) if $status == -1;
        if ($status != 0) { $words .= $err; next }
        # Of an array there is a line for each task; a name may hold a line's end.
        for my $job (split /\n(?=JobId=\d+ )/, $out) {
            my ($before, $uid) = $job =~ /\A(JobId=.*?) UserId=[^\s()]+\((\d+)\) /s or next;
            next unless $uid == $person->{uid} && ($before =~ /\.weir-[0-9A-Za-z.-]+\z/ || $job =~ /(?<!\S)Comment=weir-/);
            my %times;
            $times{$1}++ while $job =~ /(?<!\S)($FREE_TEXT)=/g;
            push @answer, job => $job =~ s/\s+\z//r, tampered => $job =~ s/\s+\z//r =~ /\n/ || grep({ $_ > 1 } values %times) ? 1 : 0;
        }
    }
    my ($has, @rows) = accounting_rows($policy, '--user=' . $person->{name}, '--duplicates', '--starttime=1970-01-02', '--jobs=' . join ',', @ids);
    my $is_ours = 0;    # a job's steps follow it
    my @ours = grep { $is_ours = $_->[-1] =~ /\.weir-[0-9A-Za-z.-]+\z/ if $_->[0] !~ /\./; $is_ours } @rows;
    return (@answer, engineStderr => $words // '', hasAccounting => $has, accountingFields => join("\t", @ACCOUNTING), map { (accounting => row_of($_)) } @ours);
}

sub show_limits {
    my ($policy, $person, $account) = @_;
    my $ask = sub {
        my ($name, @words) = @_;
        my ($status, $out, $err) = command($policy, $name, \@words);
        failed('timeout', $err) if $status == -1;
        failed('engine', "$name: $err", exit => $status >> 8, stderr => $err) if $status != 0;
        return $out;
    };
    my $associations = $ask->('sacctmgr', '--parsable2', '--readonly', 'show', 'associations', 'where', "user=$person->{name}", $account ne '' ? "account=$account" : (),
        'format=Cluster,Account,User,Partition,Share,MaxJobs,MaxSubmitJobs,MaxWall,MaxTRES,MaxTRESMins,GrpJobs,GrpSubmit,GrpTRES,GrpTRESMins,GrpWall,QOS,DefaultQOS');
    my $qos = $ask->('sacctmgr', '--parsable2', '--readonly', 'show', 'qos', 'format=Name,Priority,Preempt,PreemptMode,Flags,GrpTRES,GrpTRESMins,GrpJobs,MaxWall,MaxTRES,MaxTRESPU,MaxJobsPU,MaxSubmitPU,MaxJobsPA,MaxSubmitPA');
    my $shares = eval { $ask->('sshare', '--parsable2', "--users=$person->{name}", $account ne '' ? "--accounts=$account" : ()) } // '';
    return (associations => $associations, accounts => above($ask, $account), qos => $qos, shares => $shares, queue => own_queue($policy, $person));
}

# What binds an account as a whole stands on its own rows and on those of the accounts above it. Other users' rows are left out.
sub above {
    my ($ask, $account) = @_;
    my ($titles, @rows);
    for (1 .. 8) {
        last if $account !~ /\A[A-Za-z0-9_][\w.@+-]*\z/;
        my $text = $ask->('sacctmgr', '--parsable2', '--readonly', 'show', 'associations', 'where', "account=$account",
            'format=Cluster,Account,User,ParentName,GrpJobs,GrpSubmit,GrpTRES,GrpTRESMins,GrpWall');
        ($titles, my @lines) = split /\n/, $text;
        my @whole = grep { ((split /\|/)[2] // '') eq '' } @lines;
        push @rows, @whole;
        $account = @whole ? (split /\|/, $whole[0])[3] // '' : '';
    }
    return defined $titles ? join("\n", $titles, @rows, '') : '';
}

# How much of the user's counts towards a limit; what is not the network's is told without its name.
sub own_queue {
    my ($policy, $person) = @_;
    my @rows = eval { queue_rows($policy, [qw(account=%a qos=%q state=%T task=%K name=%j cpus=%C nodes=%D)], '--user=' . $person->{name}) };
    my (%count, %running);
    for (@rows) {
        my ($account, $qos, $state, $task, $name, $cpus, $nodes) = @$_;
        next unless $state =~ /^(?:PENDING|RUNNING|SUSPENDED|COMPLETING|CONFIGURING|STOPPED|REQUEUED|SIGNALING|RESIZING)$/;
        my $of = join '|', $account, $qos, $name =~ /\.weir-[0-9A-Za-z.-]+\z/ ? 1 : 0;
        $count{$of} += copies($task);
        my $held = $running{$of} //= [0, 0, 0];
        next if $state =~ /^(?:PENDING|REQUEUED)$/;
        $held->[0]++;
        $held->[1] += int($cpus || 0);
        $held->[2] += int($nodes || 0);
    }
    return join '', map { my ($account, $qos, $weir) = split /\|/; join('|', $account, $qos, $count{$_}, $weir, @{ $running{$_} }) . "\n" } sort keys %count;
}

# `0-2,4-199:5%2` stands for so many tasks; `N/A` for one job.
sub copies {
    my $count = 0;
    for (split /,/, $_[0] =~ s/%\d+\z//r) { $count += int(($2 // $1) - $1) / ($3 || 1) + 1 if /\A(\d+)(?:-(\d+)(?::(\d+))?)?\z/ }
    return int($count) || 1;
}

# Never SlurmUser's, whatever the policy says: with that token jobs run as root.
sub mint_token {
    my ($policy, $person, $lifespan_s) = @_;
    my ($status, $out, $err) = command($policy, 'scontrol', ['show', 'config']);
    failed('timeout', $err) if $status == -1;
    my ($ruler) = $out =~ /^SlurmUser\s*=\s*[^\s(]+\((\d+)\)/m or failed('engine', "scontrol show config does not say who SlurmUser is: $err", exit => $status >> 8, stderr => $err);
    refuse('slurm-user', "$person->{name} is SlurmUser") if $ruler == $person->{uid};
    ($status, $out, $err) = command($policy, 'scontrol', ['token', "lifespan=$lifespan_s"]);
    failed('timeout', $err) if $status == -1;
    my ($token) = $status == 0 && $out =~ /^SLURM_JWT=([\w.-]+)\s*\z/ or failed('engine', 'scontrol token: ' . ($err || 'no token'), exit => $status >> 8, stderr => $err);
    return (token => $token, expiresInS => $lifespan_s);
}

# As root, since PrivateData may hide others' jobs from everybody else: only a program that nobody else can replace, and
# nothing that says who or what.
sub show_load {
    my ($policy) = @_;
    my ($conf) = grep { $_ ne '' && lstat } $policy->{'slurm-conf'}, '/etc/slurm/slurm.conf';    # it names plugins that squeue loads
    my $why = untrusted("$policy->{'slurm-bin'}/squeue") || (defined $conf ? untrusted($conf) : '');
    refuse('load', "it would be run as root: $why") if $why;
    my @rows = queue_rows($policy, \@LOAD, '--all');
    for (@rows) { $_->[-1] = $_->[-1] =~ /\.weir-[0-9A-Za-z.-]+\z/ ? 1 : 0 }
    return (rowFields => join("\t", map { /^(\w+)/ } @LOAD), map { (row => row_of($_)) } grep { $_->[0] =~ /^(?:PENDING|RUNNING|SUSPENDED|COMPLETING|CONFIGURING)$/ } @rows);
}

# --- rows

sub row_of { return join "\t", map { s/[\x00-\x1f\x7f]+/ /gr } @{ $_[0] } }

sub queue_rows {
    my ($policy, $columns, @words) = @_;
    my $mark = mark();
    my $format = join $mark, '', (map { /=(.*)/ } @$columns), '';
    my ($status, $out, $err) = command($policy, 'squeue', ['--noheader', '--states=all', "--format=$format", @words], env => { SLURM_TIME_FORMAT => '%s' });
    failed('timeout', $err) if $status == -1;
    return () if $status != 0 && $err =~ /Invalid job id/;
    failed('engine', "squeue: $err", exit => $status >> 8, stderr => $err) if $status != 0;
    my @cells = split /\Q$mark\E/, $out, -1;
    my @rows;
    shift @cells;    # before the first mark
    while (@cells > @$columns) { push @rows, [map { /^(?:N\/A|Unknown|None|\(null\))$/ ? '' : $_ } splice @cells, 0, @$columns]; shift @cells }    # its own last mark is the end of the row
    return @rows;
}

# (whether there is accounting, rows…)
sub accounting_rows {
    my ($policy, @words) = @_;
    my $mark = mark();
    my ($status, $out, $err) = command($policy, 'sacct', ['--noheader', '--parsable', "--delimiter=$mark", '--format=' . join(',', @ACCOUNTING), @words], env => { SLURM_TIME_FORMAT => '%s' });
    failed('timeout', $err) if $status == -1;
    return 0 if $status != 0 && $err =~ /accounting storage is disabled/i;
    failed('engine', "sacct: $err", exit => $status >> 8, stderr => $err) if $status != 0;
    my @cells = split /\Q$mark\E/, $out, -1;
    my @rows;
    while (@cells > @ACCOUNTING) { push @rows, [map { s/\A\n//r =~ s/\A(?:Unknown|None|None assigned)\z//r } splice @cells, 0, @ACCOUNTING] }
    return (1, @rows);
}

sub mark {
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    sysread $random, my $bytes, 12;
    return '=' . unpack('H*', $bytes) . '=';
}

sub command {
    my ($policy, $name, $words, %with) = @_;
    # Lists of array indices are otherwise cut at 64 characters. Of sbatch's environment the job would have it too.
    my %env = (%ENV, $name eq 'sbatch' ? () : (SLURM_BITSTR_LEN => 0), $policy->{'slurm-conf'} ne '' ? (SLURM_CONF => $policy->{'slurm-conf'}) : (), %{ delete $with{env} // {} });
    return run(["$policy->{'slurm-bin'}/$name", @$words], timeout => $policy->{'command-timeout'}, env => \%env, %with);
}

1;
