package Weir::Lent;

# Runs of people who lent the agent their own Slurm token (weir-delegate), where nothing of root's acts for them. What the
# agent and a user hand each other lies in one folder that login nodes and compute nodes share:
#
#   BASE/             the agent's own, which only it can write
#     drop/           3733: here users put what they lend, whole, under names that nobody else can know or list
#     said/           0711: the answers, under the same names
#     wrapper/MARK/   weir-run and its modules, for the nodes
#     runs/USER/      2770: made by the user, of the agent's group, and closed to all others
#       CHUNK/        3777: made by the agent, which owns `order` and `input/`; `wrapper.log` and <run>-<restart>/ are the user's
#
# drop/ and runs/ hand their group on (set-group-id), so a user's file there is the agent's to read without an access
# control list, and without the user being in that group. Whatever a user can change is entered by its own handle, one
# name at a time, and believed only by the owner whom the kernel names for what was opened.
use strict;
use warnings;
use Fcntl qw(:DEFAULT :mode);
use Weir::Frame;
use Weir::Kernel;
use Weir::Policy;
use Weir::Record;
use Weir::Submission;
use Exporter qw(import);
our @EXPORT = qw(open_base place_wrapper take_drops answer_drop clear_runs enter_runs lent_chunk lent_submitted lent_may_have_had lent_record lent_chunks lent_read lent_fence lent_remove);

use constant { MAX_DROP => 16_384, MAX_DROPS => 1000, MAX_RECORD => 8192, MAX_READ => 1 << 20, MAX_HEAD => 1 << 18, MAX_KNOWN => 20_000, MAX_NAMES => 100_000, ENGINE_ROOM => 180, SAID_S => 600, WHOLE_S => 60 };
my $ENGINE_HEAD = pack 'n/a* N', 'engine', ENGINE_ROOM;
my $me = $>;
my ($my_group) = split ' ', $);
my $runs;    # the handle of the folder that enter_runs went into

# --- the folder that is shared

# Dies with words for the operator where the folder is not one that users can trust.
sub open_base {
    my ($base) = @_;
    $base =~ m{\A/[\w.@+/-]{1,200}\z} && !grep({ $_ eq '.' || $_ eq '..' } split m{/}, $base) or die "the folder for what users lend, $base: not a plain absolute path\n";
    my $here = '';
    for my $name (grep { length } split m{/}, $base) {
        my @stat = lstat($here .= "/$name") or die "the folder for what users lend, $here: $!\n";
        S_ISDIR($stat[2]) or die "the folder for what users lend: $here is no folder; name the real path\n";
        $stat[4] == 0 || $stat[4] == $me or die "the folder for what users lend: $here belongs to uid $stat[4], neither root's nor the agent's\n";
        $stat[2] & 022 && !($stat[2] & 01000) and die "the folder for what users lend: $here can be written by others\n";
    }
    (lstat $base)[4] == $me or die "the folder for what users lend, $base, is not the agent's own (uid $me)\n";
    ensure("$base/$_->[0]", $_->[1]) for ['drop', 03733], ['said', 0711], ['runs', 03733], ['wrapper', 0755];
}

sub ensure {
    my ($path, $mode) = @_;
    mkdir $path, 0700 or $!{EEXIST} or die "$path: $!\n";
    my @stat = lstat $path;
    die "$path is no folder of the agent's own\n" unless S_ISDIR($stat[2]) && $stat[4] == $me;
    return if ($stat[2] & 07777) == $mode && $stat[5] == $my_group;
    chown -1, $my_group, $path or die "$path: $!\n";
    chmod $mode, $path or die "$path: $!\n";
    die "$path: this file system does not keep mode " . sprintf('%o', $mode) . "\n" if ((lstat $path)[2] & 07777) != $mode;
}

# Where nodes find weir-run: under a name that changes with it, and appears whole.
sub place_wrapper {
    my ($base, %file) = @_;
    my $text = join "\0", map { $_, $file{$_} } sort keys %file;
    my $place = "$base/wrapper/" . sprintf('%08x', unpack '%32N*', $text . "\0" x (-length($text) % 4)) . length $text;
    return $place if -d $place;
    my $new = "$place.$$";
    remove_tree($new) if -e $new;
    mkdir $new, 0755 or die "$new: $!\n";
    mkdir "$new/Weir", 0755 or die "$new/Weir: $!\n";
    put("$new/$_", 0644, $file{$_}, 'sync') for keys %file;
    rename $new, $place or -d $place or die "$place: $!\n";
    return $place;
}

# --- what users lend

# Of each drop: [its name, uid of who put it there, its facts]. They come by rename, so what is none goes at once.
sub take_drops {
    my ($base) = @_;
    opendir(my $folder, "$base/drop") or die "$base/drop: $!\n";
    my @names;
    while (@names < MAX_DROPS && defined(my $name = readdir $folder)) {
        next if $name =~ /\A\.\.?\z/;
        if ($name =~ /\A\.[0-9a-f]{32}\z/) { unlink "$base/drop/$name" if time - ((lstat "$base/drop/$name")[10] // time) > WHOLE_S; next }
        push @names, $name;
    }
    for my $old (stale("$base/said")) { unlink "$base/said/$old" }
    return map { drop_in("$base/drop/$_", $_) } @names;
}

sub drop_in {
    my ($path, $name) = @_;
    my $whole = eval {
        $name =~ /\A[0-9a-f]{32}\z/ or die "no name of a drop\n";
        sysopen(my $file, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or die "$!\n";
        my @stat = stat $file;
        # One link: nobody has put another's file here.
        S_ISREG($stat[2]) && $stat[3] == 1 && $stat[7] <= MAX_DROP or die "no small file of one name\n";
        sysread $file, my $text, MAX_DROP;
        my %facts = facts_in($text // '');
        $facts{end} or die "not whole\n";
        [$name, $stat[4], \%facts];
    };
    return $whole if $whole;
    unlink $path or rmdir $path;
    return ();
}

sub stale {
    my ($path) = @_;
    opendir(my $folder, $path) or return ();
    return grep { /\A[0-9a-f]{32}\z/ && time - ((lstat "$path/$_")[9] // time) > SAID_S } readdir $folder;
}

sub answer_drop {
    my ($base, $name, @pairs) = @_;
    unlink "$base/said/$name";
    put("$base/said/$name", 0644, lines(@pairs));
    unlink "$base/drop/$name";
}

# Folders under a name that is not their owner's would keep its true owner from making theirs: they are moved aside.
sub clear_runs {
    my ($base) = @_;
    opendir(my $folder, "$base/runs") or die "$base/runs: $!\n";
    my @moved;
    for my $name (grep { /\A$USER\z/ } readdir $folder) {
        my $uid = (lstat "$base/runs/$name")[4] // next;
        my $theirs = getpwnam $name;
        next if defined $theirs && $theirs == $uid;
        rename "$base/runs/$name", "$base/runs/.foreign-$name-" . time and push @moved, "runs/$name was made by uid $uid, whose name it is not; it was moved aside";
    }
    return @moved;
}

# --- a user's folder of runs: from here on all paths are names in the working directory

# '' once this process stands in it; else what is wrong with it.
sub enter_runs {
    my ($base, $person) = @_;
    my $place = "$base/runs/$person->{name}";
    chdir "$base/runs" or return "$base/runs: $!";
    my ($handle, $stat) = enter($person->{name}, $person->{uid}) or return !lstat $place ? "$person->{name} has no folder there: weir-delegate makes it" : "$place is not a folder of $person->{name}'s own";
    return "$place is open to others: its mode is to be 2770" if $stat->[2] & 07;
    return "$place is closed to the agent: weir-delegate shows what is wrong with it" if ($stat->[2] & 02070) != 02070 || $stat->[5] != $my_group;
    $runs = $handle;
    return '';
}
sub back { chdir $runs or failed('failed', "the folder of runs: $!") }

# Into a folder by its name here, if it is that owner's; (its handle, its facts).
sub enter {
    my ($name, $owner) = @_;
    sysopen(my $folder, $name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) or return;
    my @stat = stat $folder;
    return unless $stat[4] == $owner;
    chdir $folder or return;
    return ($folder, \@stat);
}

# A file of an owner's, which has no other name; undef where there is none.
sub own_file {
    my ($name, $owner, $flags) = @_;
    sysopen(my $file, $name, $flags | O_NOFOLLOW | O_NONBLOCK) or return;
    my @stat = stat $file;
    return S_ISREG($stat[2]) && $stat[4] == $owner && $stat[3] == 1 ? $file : undef;
}

# (place, batch text, and what is known already if it was submitted before).
sub lent_chunk {
    my ($base, $person, $wrapper, $s) = @_;
    my $why = enter_runs($base, $person);
    failed('failed', $why) if $why;
    my $place = "$base/runs/$person->{name}/$s->{chunk}";
    # No quote can be in these: the patterns of the base, of a user's name and of a chunk see to that.
    my $batch = "#!/usr/bin/perl\nexec {'/usr/bin/perl'} 'perl', '-I$wrapper', '$wrapper/weir-run', '$place';\ndie \"perl: \$!\\n\";\n";
    umask 0;
    my $fresh = mkdir $s->{chunk}, 0777;
    $fresh or $!{EEXIST} or failed('failed', "$place: $!");
    umask 022;
    enter($s->{chunk}, $me) or failed('failed', "$place is not a folder of the agent's own");
    my $order = $fresh ? undef : own_file('order', $me, O_RDWR);
    if ($order) {
        my %known = engine_in($order);
        return ($place, $batch, %known) if ($known{engineId} // '') =~ /^$ENGINE_ID$/;
        failed('in-doubt', "$s->{chunk} was begun before, and no engine id is recorded: look its tag up") unless $s->{again};
        # What came to Slurm of it may be reading the order; a new lease is all that differs.
        return ($place, $batch);
    }
    # Begun, and ended before the order was there: nothing of it can have reached Slurm.
    $fresh || $s->{again} or failed('in-doubt', "$s->{chunk} was begun before, and has no order: look its tag up");
    chmod 03777, '.' or failed('failed', "$place: $!");
    eval {
        # The order last, and whole: without it nothing runs.
        if (!$fresh) { remove_tree('input'); unlink '.order' }
        if (@{ $s->{file} }) { mkdir 'input', 0755 or die "input: $!\n"; put_input('input', $_) for @{ $s->{file} } }
        put('.order', 0644, order_of($s));
        rename '.order', 'order' or die "order: $!\n";
        1;
    } or failed('failed', "$place: $@" =~ s/\s+\z//r);
    return ($place, $batch);
}

sub order_of {
    my ($s) = @_;
    my @order = map { $_ => $s->{$_} } qw(timeLimitMs graceMs cwd stdout stderr arrayCount arrayMin arrayMax arrayStep);
    push @order, map { $_ => $s->{$_} } qw(nodes tasks cpusPerTask memMibPerNode gres partition account array);
    push @order, map({ (task => "@$_") } @{ $s->{task} }), map({ (arg => $_) } @{ $s->{arg} }), map { (env => $_) } @{ $s->{env} };
    push @order, script => $s->{script} if defined $s->{script};
    return payload_of(engine => engine_record(startBeforeMs => $s->{startBeforeMs}), @order);
}

sub engine_record { my $record = lines(@_); return $record . "\n" x (ENGINE_ROOM - length $record) }

sub engine_in {
    my ($order) = @_;
    sysseek $order, 0, 0;
    sysread $order, my $head, length($ENGINE_HEAD) + ENGINE_ROOM;
    return index($head, $ENGINE_HEAD) == 0 ? facts_in(substr $head, length $ENGINE_HEAD) : ();
}

# Whether the id is there now: the first one stands.
sub lent_submitted {
    my ($chunk, $id) = @_;
    my $recorded = 0;
    if (enter($chunk, $me)) {
        my $order = own_file('order', $me, O_RDWR);
        my %known = $order ? engine_in($order) : ();
        if (($known{engineId} // '') =~ /^$ENGINE_ID$/) { $recorded = $known{engineId} eq $id }
        elsif ($order) {
            my $record = engine_record(startBeforeMs => $known{startBeforeMs} // '', engineId => $id, submittedMs => wall_ms());
            $recorded = sysseek($order, length $ENGINE_HEAD, 0) && (syswrite($order, $record) // 0) == length $record;
        }
        back();
    }
    return $recorded ? 1 : 0;
}

# As may_have_had of Weir::Chunk, in the user's folder of runs.
sub lent_may_have_had {
    my ($chunk, $number) = @_;
    my %known;
    if (enter($chunk, $me)) {
        my $order = own_file('order', $me, O_RDONLY);
        %known = engine_in($order) if $order;
        back();
    }
    return defined $known{end} && ($known{engineId} // $number) eq $number;
}

# What the wrapper wrote, of a chunk in the working directory, as weir-as tells it (Weir::Chunk).
sub lent_record {
    my ($person, $chunk, @only) = @_;
    enter($chunk, $me) or return (chunk => $chunk, gone => 1);
    opendir(my $folder, '.') or failed('failed', "$chunk: $!");
    my %only = map { $_ => 1 } @only;
    my (@fields, $names) = (chunk => $chunk);
    while (defined(my $name = readdir $folder)) {
        last if ++$names > MAX_NAMES;
        my ($run, $restart, $rest) = $name =~ /^($RUN)-(\d{1,6})(\.duplicate-\d+)?$/ or next;
        next if @only && !$only{$run};
        if ($rest) { push @fields, duplicate => small_file($person, $name) }
        else { push @fields, run => $run, restart => $restart, started => small_file($person, "$name/started"), ended => small_file($person, "$name/ended") }
    }
    back();
    return @fields;
}

sub small_file {
    my ($person, $name) = @_;
    my $file = own_file($name, $person->{uid}, O_RDONLY) // return '';
    return '' if (stat $file)[7] > MAX_RECORD;
    sysread $file, my $text, MAX_RECORD;
    return $text // '';
}

# What was submitted here under a tag: for an agent that knows nothing of the one before it.
sub lent_chunks {
    my ($tag) = @_;
    opendir(my $folder, '.') or failed('failed', "the folder of runs: $!");
    my @names = grep { /^\Q$tag\E/ && /^$CHUNK\z/ } readdir $folder;
    failed('failed', 'there are more than ' . MAX_KNOWN . ' folders of runs') if @names > MAX_KNOWN;
    my @known;
    for my $name (sort @names) {
        enter($name, $me) or next;
        if (my $order = own_file('order', $me, O_RDONLY)) {
            my %engine = engine_in($order);
            sysseek $order, 0, 0;
            sysread $order, my $head, MAX_HEAD;
            my $f = fields_of($head);
            push @known, chunk => payload_of(
                chunk => $name, map({ (task => $_) } @{ $f->{task} // [] }), map({ $_ => $f->{$_}[0] // '' } qw(timeLimitMs nodes tasks cpusPerTask memMibPerNode gres partition account array)),
                map { $_ => $engine{$_} // '' } qw(engineId submittedMs startBeforeMs),
            ) if defined $engine{end};
        }
        back();
    }
    return @known;
}

# P4, with the agent's own rights: a regular file of the user's, of one name, in their folder of runs.
sub lent_read {
    my ($base, $person, $f) = @_;
    my ($chunk, $run, $stream) = (field($f, 'chunk', $CHUNK), field($f, 'run', $RUN), field($f, 'stream', qr/stdout|stderr|wrapper/));
    my ($offset, $max, $restart) = (field($f, 'offset', qr/-?\d{1,15}/), field($f, 'max', qr/\d{1,7}/), optional($f, 'restart', qr/\d{1,6}/));
    my $own = optional($f, 'own', qr/[01]/);    # not where the job named a file for it
    refuse('field:max', 'at most ' . MAX_READ . ' bytes are read at once') if $max > MAX_READ;
    my $root = "$base/runs/$person->{name}";
    enter($chunk, $me) or failed('not-there', "there is no $chunk");
    if ($restart eq '') {
        opendir(my $folder, '.') or failed('not-there', "$chunk: $!");
        ($restart) = sort { $b <=> $a } map { /^\Q$run\E-(\d{1,6})$/ ? $1 : () } readdir $folder;
    }
    my $place = "$run-" . ($restart // 0);
    my %started = facts_in(small_file($person, "$place/started"));
    my $path = $stream eq 'wrapper' ? 'wrapper.log' : "$place/$stream";
    if ($stream ne 'wrapper' && ($started{$stream} // '') =~ m{^/} && $started{$stream} ne "$root/$chunk/$path") {
        $path = $started{$stream};
        failed('not-there', "$stream of $run is in a file that the job named") if $own;
        failed('not-there', "$stream of $run lies in $path, where only its owner can read it: this centre reads output in the folder of runs alone") if index($path, "$root/") != 0;
    }
    my $file = own_file($path, $person->{uid}, O_RDONLY) // failed('not-there', "$stream of $run: " . ($! ? "$!" : "$path is not a regular file of $person->{name}'s own"));
    my @stat = stat $file;
    my $real = readlink('/proc/self/fd/' . fileno $file) // '';
    refuse('read', "$path is $real in truth, and not in the folder of runs") if index($real, readlink('/proc/self/fd/' . fileno $runs) . '/') != 0;
    my $truncated = $offset > $stat[7] ? 1 : 0;
    $offset = $offset < 0 ? ($stat[7] + $offset > 0 ? $stat[7] + $offset : 0) : $truncated ? $stat[7] : $offset;
    sysseek $file, $offset, 0;
    sysread($file, my $bytes, $max) // failed('failed', "$path: $!");
    return (bytes => $bytes, offset => $offset + 0, size => $stat[7], file => "$stat[0]:$stat[1]", truncated => $truncated, final => -e "$place/ended" ? 1 : 0);
}


# From here on nothing of it can run. What the agent made goes; what the user's jobs made is the user's to remove, and
# weir-delegate does at its next turn.
# As fence_run of Weir::Chunk. The wrapper's folders are the user's, so whose it is says who made it.
sub lent_fence {
    my ($chunk, $run) = @_;
    enter($chunk, $me) or return 1;    # without the agent's order nothing runs
    my $made = mkdir("$run-0", 0700) || ($!{EEXIST} ? ((lstat "$run-0")[4] // -1) == $me : failed('failed', "$chunk/$run-0: $!"));
    back();
    return $made ? 1 : 0;
}

sub lent_remove {
    my ($chunk) = @_;
    ((lstat $chunk)[4] // -1) == $me or return;    # a folder of the user's own is theirs
    my $gone = ".gone-$chunk";
    rename $chunk, $gone or rename $chunk, "$gone.$$" and $gone .= ".$$" or failed('failed', "$chunk: $!");
    enter($gone, $me) or return;
    if (opendir(my $folder, '.')) { for my $name (grep { !/\A\.\.?\z/ } readdir $folder) { unlink $name or rmdir $name or $name eq 'input' && remove_tree('input') } }
    back();
    rmdir $gone;
}

1;
