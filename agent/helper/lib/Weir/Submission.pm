package Weir::Submission;

# A request to submit: each field against its pattern, the whole against the policy, and then the words for sbatch. It
# touches nothing, and asks but for the time.
use strict;
use warnings;
use Weir::Frame;
use Weir::Kernel;
use Weir::Policy;
use Weir::Record;
use Exporter qw(import);
our @EXPORT = qw(field optional fields with_tags submission_of sbatch_words ends_within_s facts_for_hook $CHUNK $RUN $USER $ENGINE_ID);

our $USER      = qr/[A-Za-z_][\w.@-]{0,63}/;
our $CHUNK     = qr/[0-9A-Za-z][0-9A-Za-z._-]{0,63}/;
our $RUN       = qr/[1-9]\d{0,15}\.(?:0|[1-9]\d{0,8})\.[1-9]\d{0,5}/;
our $ENGINE_ID = qr/[1-9]\d{0,9}(?:_(?:0|[1-9]\d{0,8}))?/;
my $NUMBER = qr/0|[1-9]\d{0,11}/;
my $LABEL  = qr/[A-Za-z0-9_][\w.@:+-]{0,127}/;
my $PATH   = qr{(?!.*(?:\A|/)\.\.(?:/|\z))[^\x00-\x1f\x7f]{1,1000}};
my $ARRAY  = qr/\d{1,9}(?:-\d{1,9}(?::\d{1,9})?)?(?:,\d{1,9}(?:-\d{1,9}(?::\d{1,9})?)?)*(?:%\d{1,9})?/;
my %OPTIONAL = (
    (map { $_ => $LABEL } qw(account partition qos reservation)),
    gres => qr/[a-z][\w]*(?::[A-Za-z][\w.-]*)?(?::\d{1,9})?(?:,[a-z][\w]*(?::[A-Za-z][\w.-]*)?(?::\d{1,9})?)*/, constraint => qr/[\w.&|*()\[\]-]{1,256}/,
    licenses => qr/[A-Za-z][\w.@-]*(?::\d{1,9})?(?:,[A-Za-z][\w.@-]*(?::\d{1,9})?)*/, nodelist => qr/[A-Za-z0-9][\w.,\[\]-]{0,1000}/, array => $ARRAY,
    cwd => qr{(?=/)$PATH}, stdout => $PATH, stderr => $PATH, exclusive => qr/[01]/, contiguous => qr/[01]/, switches => qr/[1-9]\d{0,5}(?:\@\d{1,9})?/, requeue => qr/[01]/, again => qr/[01]/,
    (map { $_ => $NUMBER } qw(tasksPerNode arrayCount arrayMin arrayMax arrayStep)),
);

# One field, or many, as they must be, else a refusal by the rule `field:NAME`, which is audited.
sub field {
    my ($f, $name, $pattern) = @_;
    my $value = eval { one($f, $name, $pattern) };
    refuse("field:$name", "$name is not there once, or not as it must be") unless defined $value;
    return $value;
}
sub optional { my ($f, $name, $pattern) = @_; return $f->{$name} && (@{ $f->{$name} } != 1 || $f->{$name}[0] ne '') ? field($f, $name, $pattern) : '' }
sub fields { my ($f, $name, $pattern) = @_; my @all = @{ $f->{$name} // [] }; my $whole = whole($pattern); $_ =~ $whole or refuse("field:$name", "a $name is not as it must be") for @all; return @all }

# [id, tag] each; an earlier agent says no tags.
sub with_tags {
    my ($f, @ids) = @_;
    my @tags = fields($f, 'tag', $CHUNK);
    refuse('field:tag', 'as many tags as engine ids, or none') if @tags && @tags != @ids;
    return map { [$ids[$_], $tags[$_]] } 0 .. $#ids;
}

# The checked request as a hash, or a refusal.
sub submission_of {
    my ($policy, $f) = @_;
    my %s = map { $_ => optional($f, $_, $OPTIONAL{$_}) } keys %OPTIONAL;
    $s{chunk} = field($f, 'chunk', $CHUNK);
    $s{name} = field($f, 'name', qr/[^\x00-\x1f\x7f]{0,200}\.weir-[0-9A-Za-z.-]{1,60}/);
    $s{comment} = field($f, 'comment', qr/weir-[0-9A-Za-z.-]{1,100}/);
    $s{$_} = field($f, $_, $NUMBER) for qw(nodes tasks cpusPerTask memMibPerNode timeLimitMin startWithinS timeLimitMs graceMs);
    $s{task} = [map { [split / /] } fields($f, 'task', qr/(?:0|[1-9]\d{0,8}) $RUN/)];
    $s{arg} = [fields($f, 'arg', qr/[^\0]*/s)];
    $s{env} = [fields($f, 'env', qr/[A-Za-z_]\w{0,255}=[^\0]*/s)];
    $s{script} = field($f, 'script', qr/#![^\0]*/s) if $f->{script};
    refuse('field:arg', 'neither a script nor a command') unless defined $s{script} || @{ $s{arg} } && $s{arg}[0] ne '';
    $s{file} = [input_files($f)];
    refuse('field:nodes', 'nodes, tasks, cores and times are at least 1') if grep { !$s{$_} } qw(nodes tasks cpusPerTask timeLimitMin timeLimitMs);
    refuse('field:timeLimitMs', 'the exact limit is beyond what Slurm is asked for') if $s{timeLimitMs} > $s{timeLimitMin} * 60_000;
    refuse('too-late', 'its start was forbidden after a time that has passed') if $s{startWithinS} < 1;
    $s{startBeforeMs} = wall_ms() + 1000 * $s{startWithinS};
    check_array(\%s);
    check_limits($policy, \%s);
    return \%s;
}

sub input_files {
    my ($f) = @_;
    my @path = @{ $f->{file} // [] };
    return map {
        my ($path, $mode, $data) = ($path[$_], ($f->{fileMode} // [])->[$_] // '-', ($f->{fileData} // [])->[$_]);
        refuse('field:file', 'the path of an input file, or its content') unless defined $data && safe_path($path) && $path !~ /[\x00-\x1f\x7f]/;
        [$path, $mode eq 'x', $data];
    } 0 .. $#path;
}

# The array names each of the chunk's tasks once, so that the wrapper finds its run.
sub check_array {
    my ($s) = @_;
    my %given;
    for (@{ $s->{task} }) { refuse('field:task', "index $_->[0] is there twice") if $given{ $_->[0] }++ }
    return $s->{array} eq '' && keys %given != 1 ? refuse('field:task', 'a plain job has one task') : 1 if $s->{array} eq '';
    my $count = 0;
    for my $range (split /,/, $s->{array} =~ s/%\d+\z//r) {
        my ($first, $last, $step) = $range =~ /^(\d+)(?:-(\d+)(?::(\d+))?)?$/;
        $last //= $first;
        $step ||= 1;
        for (my $index = $first; $index <= $last; $index += $step) {
            refuse('field:array', "the array has index $index, for which no run is named") unless $given{ $index + 0 };
            refuse('field:array', "the array names more tasks than the request") if ++$count > keys %given;
        }
    }
    refuse('field:array', 'the array has not all of the tasks') if $count != keys %given;
}

sub check_limits {
    my ($policy, $s) = @_;
    for my $key (qw(account partition qos reservation)) {
        next if $key eq 'reservation' && $s->{$key} eq '';
        refuse($key, $s->{$key} eq '' ? "the policy wants the $key to be named" : "the policy does not allow the $key $s->{$key}") unless allows($policy, $key, $s->{$key});
    }
    for my $licence (map { s/:\d+\z//r } split /,/, $s->{licenses}) { refuse('licence', "the policy does not allow the licence $licence") unless allows($policy, 'licence', $licence) }
    my $bytes = length($s->{script} // '');
    $bytes += length $_->[2] for @{ $s->{file} };
    my %asked = (
        'max-nodes' => $s->{nodes}, 'max-cores' => $s->{tasks} * $s->{cpusPerTask}, 'max-memory-mib' => $s->{memMibPerNode},
        'max-time-min' => $s->{timeLimitMin}, 'max-array' => scalar @{ $s->{task} }, 'max-files-mib' => $bytes / (1 << 20),
    );
    for my $rule (sort keys %asked) { refuse($rule, "$asked{$rule} is beyond the policy's $rule $policy->{$rule}") if $asked{$rule} > $policy->{$rule} }
    refuse('requeue', 'the policy does not allow that Slurm requeues jobs') if $s->{requeue} && $policy->{requeue} ne 'yes';
}

# Each is one word of its own with its option's name before it, so no value can become an option.
sub sbatch_words {
    my ($s, $place, $waited_s) = @_;
    my %plain = (account => 'account', partition => 'partition', qos => 'qos', reservation => 'reservation', gres => 'gres', constraint => 'constraint',
        licenses => 'licenses', nodelist => 'nodelist', array => 'array', switches => 'switches', tasksPerNode => 'ntasks-per-node');
    return (
        '--parsable', $s->{requeue} ? '--requeue' : '--no-requeue', "--job-name=$s->{name}", "--comment=$s->{comment}",
        "--nodes=$s->{nodes}", "--ntasks=$s->{tasks}", "--cpus-per-task=$s->{cpusPerTask}", $s->{memMibPerNode} ? "--mem=$s->{memMibPerNode}M" : (),
        "--time=$s->{timeLimitMin}", '--deadline=now+' . ends_within_s($s, $waited_s),
        '--export=ALL', '--propagate=NONE', '--input=/dev/null', "--chdir=$place", "--output=$place/wrapper.log", '--open-mode=append',
        $s->{exclusive} ? '--exclusive' : (), $s->{contiguous} ? '--contiguous' : (), map { $s->{$_} ne '' ? "--$plain{$_}=$s->{$_}" : () } sort keys %plain,
    );
}

# So many seconds from now it must have ended at the latest, as Slurm counts: its lease less what it waited, and its limit.
sub ends_within_s {
    my ($s, $waited_s) = @_;
    my $within = int($s->{startWithinS} - $waited_s);
    refuse('too-late', 'its start was forbidden after a time that has passed') if $within < 1;
    return $within + $s->{timeLimitMin} * 60;
}

# What the site's own `before-submit` is told, as JSON.
sub facts_for_hook {
    my ($s, $person) = @_;
    my %text = (user => $person->{name}, chunk => $s->{chunk}, map { $_ => $s->{$_} } qw(name account partition qos reservation gres constraint licenses array));
    my %number = (uid => $person->{uid}, runs => scalar @{ $s->{task} }, map { $_ => $s->{$_} } qw(nodes tasks cpusPerTask memMibPerNode timeLimitMin));
    my $quoted = sub { return '"' . ($_[0] =~ s/(["\\])/\\$1/gr) . '"' };    # no control characters: the patterns saw to that
    return '{' . join(',', map({ qq("$_":) . $quoted->($text{$_}) } sort keys %text), map { qq("$_":) . ($number{$_} + 0) } sort keys %number) . "}\n";
}

1;
