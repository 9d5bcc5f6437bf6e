package Weir::Chunk;

# The folder of one submission, <runs of the user>/<chunk>/, written and read as that user:
#   order       what the wrapper needs, one frame payload. Its first field has always the same place and length: a record
#               of the lease, and of the engine's id once there is one. Locked by whoever submits the chunk, and by their sbatch
#   input/      the user's files, where there are any
#   wrapper.log of weir-run itself, which lies beside the chunks and is what Slurm starts
#   <run>-<restart>/   of one start of one task: started, ended, stdout, stderr, script, work/ (by weir-run)
# One folder and one file for each: making files is what a submission costs most.
use strict;
use warnings;
use Cwd ();
use Fcntl qw(:DEFAULT :flock :mode);
use Weir::Command;
use Weir::Frame;
use Weir::Kernel;
use Weir::Policy;
use Weir::Record;
use Weir::Submission;
use Exporter qw(import);
our @EXPORT = qw(open_runs submit_chunk prepare_chunk record_submitted started_chunks may_have_had chunk_record known_chunks read_run_stream fence_run remove_chunk wrapper_name sweep_runs);

use constant { MAX_RECORD => 8192, MAX_READ => 1 << 20, MAX_HEAD => 1 << 18, MAX_KNOWN => 20_000, MAX_WRAPPER => 1 << 20, ENGINE_ROOM => 180, LEFT_S => 600 };
my $ENGINE_HEAD = pack 'n/a* N', 'engine', ENGINE_ROOM;
my $GONE = qr/\.gone-(?:[a-z0-9]{8}-\d+\.\d+\.\d+-\d+|account-test-[0-9a-f]{12})\.\d+/;    # left of what could not be removed wholly

# (engineId, cluster, existing, words of sbatch). $sbatch->($place, $batch, $lock) is called at most once, under the lock.
# $runs is what open_runs answered.
sub submit_chunk {
    my ($policy, $person, $runs, $s, $sbatch) = @_;
    my ($place, $batch, $order, %known) = open_chunk($policy, $person, $runs, $s);
    return (@known{qw(engineId cluster)}, 1, '') if %known;
    my ($id, $cluster, $words) = $sbatch->($place, $batch, $order);
    record_engine($order, $s->{startBeforeMs}, $id, $cluster) or $words .= "weir-as: the engine's id could not be recorded in $place: $!";
    return ($id, $cluster, 0, $words);
}

# ($place, $batch), and what is known already if it was submitted before. Nothing holds the lock afterwards: a folder that
# is removed before the request reaches slurmctld leaves a job that has nothing to run.
sub prepare_chunk {
    my ($place, $batch, undef, %known) = open_chunk(@_);
    return ($place, $batch, %known);
}

# Whether the id is there now: the first one stands.
sub record_submitted {
    my ($person, $root, $chunk, $id) = @_;
    my $place = "$root/$chunk";
    is_own_folder($person, $place) or return 0;
    sysopen(my $order, "$place/order", O_RDWR | O_NOFOLLOW | O_NONBLOCK) or return 0;
    flock $order, LOCK_EX | LOCK_NB or return 0;
    my %known = engine_in($person, $order);
    return $known{engineId} eq $id ? 1 : 0 if ($known{engineId} // '') =~ /^$ENGINE_ID$/;
    return record_engine($order, $known{startBeforeMs} // '', $id, '') ? 1 : 0;
}

# Whether this may have been the engine's number of the chunk: it is recorded there, or none is, as where the answer was lost.
sub may_have_had {
    my ($policy, $person, $chunk, $number) = @_;
    my $place = path_of($policy->{runs}, $person) . "/$chunk";
    is_own_folder($person, $place) && sysopen(my $order, "$place/order", O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or return 0;
    my %known = engine_in($person, $order);
    return defined $known{end} && ($known{engineId} // $number) eq $number;
}

# ($place, $batch, its open and locked file `order`), all files written; of one that has an engine's id: that too.
sub open_chunk {
    my ($policy, $person, $runs, $s) = @_;
    my ($root, $wrapper, $text) = @$runs;
    $s->{cwd} eq '' or -d $s->{cwd} or refuse('cwd', "there is no folder $s->{cwd}, or $person->{name} cannot see it");
    for my $name (qw(cwd stdout stderr)) { check_output($policy, $person, $root, $name, $s->{$name}) if $s->{$name} =~ m{^/} }
    my $place = "$root/$s->{chunk}";
    # No quote can be in these: the patterns of the policy's paths and of a chunk see to that.
    my $batch = "#!/usr/bin/perl\nexec {'/usr/bin/perl'} 'perl', '$wrapper', '$place';\ndie \"perl: \$!\\n\";\n";
    my $fresh = mkdir $place, 0700;
    $fresh or $!{EEXIST} or failed('failed', "$place: $!");
    $fresh or is_own_folder($person, $place) or refuse('runs', "$place is not a folder of $person->{name}'s own");
    # A folder of the user's own that happens to have that name gets no order, and is written into by nobody.
    $fresh or is_of_run($person, $place, $s->{chunk}) or failed('failed', "$place is there already, and is no run's folder of Weir's");
    sysopen(my $order, "$place/order", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600) or failed('failed', "$place/order: $!");
    flock $order, LOCK_EX | LOCK_NB or failed('busy', "$s->{chunk} is being submitted by another process");
    my %known = $fresh ? () : engine_in($person, $order);
    return ($place, $batch, $order, map { $_ => $known{$_} } qw(engineId cluster)) if ($known{engineId} // '') =~ /^$ENGINE_ID$/;
    failed('in-doubt', "$s->{chunk} was begun before, and no engine id is recorded: look its tag up") unless $fresh || $s->{again};
    # Another network's sweep looks for orders; what it took before this one was there is put back.
    eval { write_chunk($place, $order, $fresh, $s); lstat $wrapper or put_wrapper($wrapper, $text); 1 } or failed('failed', $@ =~ s/\s+\z//r);
    return ($place, $batch, $order);
}

# Its place in the file is there from the start, so nothing else moves.
sub record_engine {
    my ($order, $start_before_ms, $id, $cluster) = @_;
    my $record = engine_record(startBeforeMs => $start_before_ms, engineId => $id, cluster => substr($cluster, 0, 60), submittedMs => wall_ms());
    return sysseek($order, length $ENGINE_HEAD, 0) && (syswrite($order, $record) // 0) == length $record;
}

sub engine_record { my $record = lines(@_); return $record . "\n" x (ENGINE_ROOM - length $record) }

# What record_engine wrote, as a hash.
sub engine_in {
    my ($person, $order) = @_;
    my @stat = stat $order;
    return () unless S_ISREG($stat[2]) && $stat[4] == $person->{uid};
    sysseek $order, 0, 0;
    sysread $order, my $head, length($ENGINE_HEAD) + ENGINE_ROOM;
    return index($head, $ENGINE_HEAD) == 0 ? facts_in(substr $head, length $ENGINE_HEAD) : ();
}

# Its files. One that was written before is left as it is where nothing differs: what came to Slurm of it may be reading it.
sub write_chunk {
    my ($place, $order, $fresh, $s) = @_;
    my @order = map { $_ => $s->{$_} } qw(timeLimitMs graceMs cwd stdout stderr arrayCount arrayMin arrayMax arrayStep);
    push @order, map { $_ => $s->{$_} } qw(nodes tasks cpusPerTask memMibPerNode gres partition account qos reservation array);
    push @order, map({ (task => "@$_") } @{ $s->{task} }), map({ (arg => $_) } @{ $s->{arg} }), map { (env => $_) } @{ $s->{env} };
    push @order, script => $s->{script} if defined $s->{script};
    my $rest = payload_of(@order);
    my $payload = payload_of(engine => engine_record(startBeforeMs => $s->{startBeforeMs})) . $rest;
    if (!$fresh) {
        my $before = read_file("$place/order") // '';
        return if length $before == length $payload && substr($before, -length $rest) eq $rest && !@{ $s->{file} };
        remove_tree("$place/input");
        truncate $order, 0;
        sysseek $order, 0, 0;
    }
    my $done = 0;
    while ($done < length $payload) { $done += syswrite($order, $payload, 1 << 20, $done) // die "$place/order: $!\n" }
    return unless @{ $s->{file} };
    mkdir "$place/input", 0700 or die "$place/input: $!\n";
    put_input("$place/input", $_) for @{ $s->{file} };
}

# [the user's folder for runs, the wrapper's path in it, its text], both made where they are not there; for many chunks of a request.
sub open_runs {
    my ($policy, $person, $wrapper) = @_;
    my $root = root_of_runs($policy, $person);
    my ($name, $text) = @$wrapper;
    eval { (read_file("$root/$name") // '') eq $text or put_wrapper("$root/$name", $text); 1 } or failed('failed', $@ =~ s/\s+\z//r);
    return [$root, "$root/$name", $text];
}

sub put_wrapper {
    my ($path, $text) = @_;
    my $draft = $path =~ s{([^/]+)\z}{.$1.$$}r;
    unlink $draft;
    put($draft, 0600, $text, 'sync');
    rename $draft, $path or die "$path: $!\n";
}

# The user's own folder for runs; made where its parent lets them.
sub root_of_runs {
    my ($policy, $person) = @_;
    my $root = path_of($policy->{runs}, $person);
    my $here = '';
    for (grep { length } split m{/}, $root) { $here .= "/$_"; lstat $here or mkdir $here, 0700 or $!{EEXIST} or failed('failed', "$here: $!; the site makes $root for $person->{name}, or its parent writable") }
    is_own_folder($person, $root) or refuse('runs', "$root is not a folder of $person->{name}'s own that only they can write");
    return $root;
}

# Whether the folder is what open_chunk made under this name, or had begun to make: by its order, of a run that the name
# holds. Anything else there is the user's own, and nobody's to fill or to take away.
sub is_of_run {
    my ($person, $place, $chunk) = @_;
    opendir(my $folder, $place) or return 0;
    my %names = map { $_ => 1 } grep { !/\A\.\.?\z/ } readdir $folder;
    sysopen(my $order, "$place/order", O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or return $!{ENOENT} && !%names;
    my @stat = stat $order;
    return 0 unless S_ISREG($stat[2]) && $stat[4] == $person->{uid};
    my $head = head_of($order);
    # Its writing was cut: then nothing has run there.
    delete @names{qw(order input)};
    return 1 if !%names && (index($head, $ENGINE_HEAD) == 0 || index($ENGINE_HEAD, $head) == 0 || $head !~ /[^\0]/);
    my ($run) = $chunk =~ /($RUN)/;
    return grep { $chunk =~ /\Aaccount-test-/ || (split ' ')[1] eq ($run // '') } @{ fields_of($head)->{task} // [] };
}

sub head_of { my ($order) = @_; sysseek $order, 0, 0; sysread $order, my $head, MAX_HEAD; return $head }

sub is_own_folder { my ($person, $path) = @_; my @stat = lstat $path or return 0; return S_ISDIR($stat[2]) && $stat[4] == $person->{uid} && !($stat[2] & 022) }

# A folder or file that the user named lies below one of the policy's roots, by its real path. It is opened later and on a
# node, with the user's rights and no others.
sub check_output {
    my ($policy, $person, $root, $rule, $path) = @_;
    my $sure = $rule eq 'cwd' ? $path : $path =~ s{/[^/]*\z}{}r =~ s{/[^/]*%.*}{}r;
    my $real = Cwd::abs_path($sure eq '' ? '/' : $sure) // refuse($rule, "there is no folder $sure, or $person->{name} cannot see it");
    refuse($rule, "$path is $real in truth, and below no output-root of the policy") unless is_allowed($policy, $person, $root, $real);
}

sub is_allowed {
    my ($policy, $person, $root, $real) = @_;
    for my $allowed ($root, map { path_of($_, $person) } @{ $policy->{'output-root'} }) {
        my $resolved = Cwd::abs_path($allowed) // next;
        return 1 if "$real/" =~ m{^\Q$resolved\E/} || $resolved eq '/';
    }
    return 0;
}

# The text of a record, '' where there is none that is the user's own and small.
sub small_file {
    my ($person, $path) = @_;
    sysopen(my $file, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or return '';
    my @stat = stat $file;
    return '' unless S_ISREG($stat[2]) && $stat[4] == $person->{uid} && $stat[7] <= MAX_RECORD;
    sysread $file, my $text, MAX_RECORD;
    return $text;
}

# Those of which a run may have started: each start makes a folder, and folders are counted as links where a file system
# counts them. One look at each of thousands that wait, where to read them takes ten times as long.
sub started_chunks {
    my ($policy, $person, @chunks) = @_;
    my $root = path_of($policy->{runs}, $person);
    return grep { my $links = (lstat "$root/$_")[3] // 0; $links < 2 || $links > ($links == 3 && -d "$root/$_/input" ? 3 : 2) } @chunks;
}

# All that the wrapper wrote about a chunk, as the fields of a payload; only of some runs where they are named.
sub chunk_record {
    my ($policy, $person, $chunk, @only) = @_;
    my $place = path_of($policy->{runs}, $person) . "/$chunk";
    is_own_folder($person, $place) or return (chunk => $chunk, gone => 1);
    opendir(my $folder, $place) or return (chunk => $chunk, gone => 1);
    my %only = map { $_ => 1 } @only;
    my @fields = (chunk => $chunk);
    for my $name (sort readdir $folder) {
        my ($run, $restart, $rest) = $name =~ /^($RUN)-(\d{1,6})(\.duplicate-\d+)?$/ or next;
        next if @only && !$only{$run};
        if ($rest) { push @fields, duplicate => small_file($person, "$place/$name") }
        else { push @fields, run => $run, restart => $restart, started => small_file($person, "$place/$name/started"), ended => small_file($person, "$place/$name/ended") }
    }
    return @fields;
}

# What was submitted here under a tag, each as the fields of a payload: for an agent that knows nothing of the one before it.
sub known_chunks {
    my ($policy, $person, $tag) = @_;
    my $root = path_of($policy->{runs}, $person);
    is_own_folder($person, $root) or return ();
    opendir(my $folder, $root) or return ();
    my @names = grep { /^\Q$tag\E/ && /^$CHUNK\z/ } readdir $folder;
    failed('failed', 'there are more than ' . MAX_KNOWN . ' folders of runs') if @names > MAX_KNOWN;
    return map {
        my $name = $_;
        my $known = is_own_folder($person, "$root/$name") && sysopen(my $order, "$root/$name/order", O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        my %engine = $known ? engine_in($person, $order) : ();
        $known && defined $engine{end} ? (chunk => payload_of(chunk => $name, order_head($order), map { $_ => $engine{$_} // '' } qw(engineId submittedMs startBeforeMs))) : ();
    } sort @names;
}

sub order_head {
    my ($order) = @_;
    my $f = fields_of(head_of($order));
    return (map({ (task => $_) } @{ $f->{task} // [] }), map { $_ => $f->{$_}[0] // '' } qw(timeLimitMs nodes tasks cpusPerTask memMibPerNode gres partition account qos reservation array));
}

# P4: as the user, no link followed, no device waited for, a regular file of the user's own below an allowed root.
sub read_run_stream {
    my ($policy, $person, $f) = @_;
    my ($chunk, $run, $stream) = (field($f, 'chunk', $CHUNK), field($f, 'run', $RUN), field($f, 'stream', qr/stdout|stderr|wrapper/));
    my ($offset, $max, $restart) = (field($f, 'offset', qr/-?\d{1,15}/), field($f, 'max', qr/\d{1,7}/), optional($f, 'restart', qr/\d{1,6}/));
    my $own = optional($f, 'own', qr/[01]/);    # not where the job named a file for it
    refuse('field:max', 'at most ' . MAX_READ . ' bytes are read at once') if $max > MAX_READ;
    my $root = path_of($policy->{runs}, $person);
    is_own_folder($person, "$root/$chunk") or failed('not-there', "there is no $chunk");
    $restart = last_restart("$root/$chunk", $run) if $restart eq '';
    my $place = "$root/$chunk/$run-$restart";
    my %started = facts_in(small_file($person, "$place/started"));
    # Of the whole chunk: there slurmstepd says what it ended for its memory.
    my $path = $stream eq 'wrapper' ? "$root/$chunk/wrapper.log" : ($started{$stream} // '') =~ m{^/} ? $started{$stream} : "$place/$stream";
    failed('not-there', "$stream of $run is in a file that the job named") if $own && $path ne "$place/$stream";
    sysopen(my $file, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or failed('not-there', "$stream of $run: $!");
    my @stat = stat $file;
    refuse('read', "$path is not a regular file of $person->{name}'s own") unless S_ISREG($stat[2]) && $stat[4] == $person->{uid};
    my $real = readlink('/proc/self/fd/' . fileno $file) // '';
    refuse('read', "$path is $real in truth, and below no output-root of the policy") unless is_allowed($policy, $person, $root, $real =~ s/ \(deleted\)\z//r);
    my $truncated = $offset > $stat[7] ? 1 : 0;
    $offset = $offset < 0 ? ($stat[7] + $offset > 0 ? $stat[7] + $offset : 0) : $truncated ? $stat[7] : $offset;
    sysseek $file, $offset, 0;
    sysread($file, my $bytes, $max) // failed('failed', "$path: $!");
    return (bytes => $bytes, offset => $offset + 0, size => $stat[7], file => "$stat[0]:$stat[1]", truncated => $truncated, final => -e "$place/ended" ? 1 : 0);
}

sub last_restart {
    my ($place, $run) = @_;
    opendir(my $folder, $place) or return 0;
    my ($last) = sort { $b <=> $a } map { /^\Q$run\E-(\d{1,6})$/ ? $1 : () } readdir $folder;
    return $last // 0;
}

# Whether nothing of the run can begin here any more, whatever Slurm may remember yet: the folder of its first start, which
# the wrapper makes or runs nothing, is made in its place. 0: it has begun.
sub fence_run {
    my ($policy, $person, $chunk, $run) = @_;
    my $place = root_of_runs($policy, $person) . "/$chunk";
    is_own_folder($person, $place) && is_of_run($person, $place, $chunk) or return 1;    # without its order nothing runs
    my $start = "$place/$run-0";
    if (mkdir $start, 0700) {
        return 1 if eval { put("$start/fenced", 0600, lines(atMs => wall_ms()), 'sync'); 1 };
        my $why = $@;
        unlink "$start/fenced";
        rmdir $start;
        failed('failed', "$start: $why" =~ s/\s+\z//r);
    }
    $!{EEXIST} or failed('failed', "$start: $!");
    # Who was killed right after making it leaves it as it was: it is nobody's to start in then.
    my @made = lstat $start;
    return -e "$start/fenced" || @made && !-e "$start/started" && $made[10] < time - LEFT_S ? 1 : 0;
}

# weir-run's links that keep a run from being started by another chunk too: they go with the folder they lead to.
sub forget_starts {
    my ($root, $chunk) = @_;
    my ($mark) = $chunk =~ /\A([a-z0-9]{8})-/ or return;
    opendir(my $folder, "$root/$chunk") or return;
    for my $start (map { "$root/.started/$mark-$_" } grep { /^$RUN-\d{1,6}\z/ } readdir $folder) { unlink $start if (readlink($start) // '') eq "$root/$chunk" }
}

# What is no run's folder stays, also one whose order the user took away: without it nothing can run there.
sub remove_chunk {
    my ($policy, $person, $chunk) = @_;
    my $root = path_of($policy->{runs}, $person);
    lstat "$root/$chunk" or return;
    is_own_folder($person, $root) && is_own_folder($person, "$root/$chunk") or refuse('runs', "$root/$chunk is not a folder of $person->{name}'s own");
    is_of_run($person, "$root/$chunk", $chunk) or return;
    if (sysopen(my $lock, "$root/$chunk/order", O_RDWR | O_NOFOLLOW | O_NONBLOCK)) {
        flock $lock, LOCK_EX | LOCK_NB or failed('busy', "$chunk is being submitted");
    }
    forget_starts($root, $chunk);
    rename "$root/$chunk", "$root/.gone-$chunk.$$" or failed('failed', "$root/$chunk: $!");
    remove_tree("$root/.gone-$chunk.$$") or failed('failed', "$root/.gone-$chunk.$$ cannot be removed wholly: $!");
}

# The wrapper's name says what is in it, so that one that is in use is never replaced.
sub wrapper_name { my ($text) = @_; return 'weir-run-' . sprintf('%08x', unpack '%32N*', $text . "\0" x (-length($text) % 4)) . length $text }

# (removed, stays): once no run's folder lies there, of whichever network, what else is Weir's own in the folder of runs goes,
# and then the folder, where nothing is left in it. A wrapper is known by its content, all else by its kind and a name that
# only Weir gives; it goes by names in open folders, so no link leads elsewhere.
sub sweep_runs {
    my ($policy, $person, $wrapper) = @_;
    my $root = path_of($policy->{runs}, $person);
    lstat $root or return (removed => 0, stays => 0);
    my $folder = enter_own($person, $root) // refuse('runs', "$root is not a folder of $person->{name}'s own that only they can write");
    my @names = names_here();
    return (removed => 0, stays => scalar @names) if orders_in(@names);
    my $removed = 0;
    for my $name (@names) {
        if ($name eq '.started') { $removed += sweep_starts($person, $folder, $root) }
        elsif ($name =~ /\A$GONE\z/) { $removed += is_own_folder($person, $name) && remove_tree($name) ? 1 : 0 }
        elsif (is_wrapper($person, $name, $wrapper)) { $removed += take_wrapper($name) }
    }
    my $stays = names_here();
    chdir '/';
    # Made as Weir makes it, and no home: a site may keep runs there.
    $removed += rmdir $root if !$stays && $root ne $person->{home} && ((lstat $root)[2] & 07777) == 0700;
    return (removed => $removed, stays => $stays);
}

sub orders_in { return scalar grep { /\A$CHUNK\z/ && lstat "$_/order" } @_ }

# Another network may be submitting: who writes an order looks for the wrapper after, and here the order is looked for after
# the wrapper is away, so that one of the two sees the other.
sub take_wrapper {
    my ($name) = @_;
    return unlink $name if $name =~ /\A\./;
    rename $name, ".$name.$$" or return 0;
    if (orders_in(names_here())) { rename ".$name.$$", $name; return 0 }
    return unlink ".$name.$$";
}

# Into a folder of the user's own that only they can write; its handle.
sub enter_own {
    my ($person, $path) = @_;
    sysopen(my $folder, $path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK) or return undef;
    my @stat = stat $folder;
    return $stat[4] == $person->{uid} && !($stat[2] & 022) && chdir($folder) ? $folder : undef;
}

sub names_here { opendir(my $here, '.') or failed('failed', "a folder cannot be listed: $!"); return grep { !/\A\.\.?\z/ } readdir $here }

# Links of starts whose chunk is gone, and their folder.
sub sweep_starts {
    my ($person, $runs, $root) = @_;
    enter_own($person, '.started') or return 0;
    for my $name (grep { /\A[a-z0-9]{8}-$RUN-\d{1,6}\z/ } names_here()) {
        my $chunk = readlink $name // next;
        unlink $name if $chunk =~ m{\A\Q$root\E/$CHUNK\z} && !lstat $chunk;
    }
    chdir $runs or failed('failed', "$root: $!");
    return rmdir '.started';
}

# A whole one of any version, or a draft of this version that was not written to its end.
sub is_wrapper {
    my ($person, $name, $wrapper) = @_;
    my ($point, $of, $pid) = $name =~ /\A(\.?)(weir-run-[0-9a-f]{8}\d{1,7})((?:\.\d{1,10})?)\z/ or return 0;
    my $is_draft = $point ne '' && $pid ne '';
    return 0 unless $is_draft || "$point$pid" eq '';
    sysopen(my $file, $name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or return 0;
    my @stat = stat $file;
    return 0 unless S_ISREG($stat[2]) && $stat[4] == $person->{uid} && $stat[7] <= MAX_WRAPPER;
    my $text = '';
    1 while length $text <= MAX_WRAPPER && sysread $file, $text, MAX_WRAPPER, length $text;    # it may grow meanwhile
    return wrapper_name($text) eq $of || $is_draft && $of eq $wrapper->[0] && index($wrapper->[1], $text) == 0;
}

1;
