package Weir::Record;

# The small files of a run's folder: made once and never changed (`put`), or appearing whole by rename (`end_is_written`).
# Records are lines of name=value; the last is `end=1`, without which the file counts as torn and so as absent.
use strict;
use warnings;
use Fcntl qw(:DEFAULT);
use Weir::Kernel;
use Exporter qw(import);
our @EXPORT = qw(lines facts facts_in put put_input safe_path end_is_written ROOM);

use constant ROOM => ' ' x 2048;    # written to `.ended` before the start, so a full disk cannot swallow the end

sub lines {
    my @pairs = @_;
    my $text = '';
    while (my ($k, $v) = splice @pairs, 0, 2) { $text .= "$k=" . (substr($v // '', 0, 1000) =~ s/\s+/ /gr =~ s/ \z//r) . "\n" }
    return "${text}end=1\n";
}
sub facts    { return facts_in(read_file($_[0]) // '') }
sub facts_in { my %facts = map { /^([\w.]+)=(.*)/ ? ($1, $2) : () } split /\n/, $_[0]; return $facts{end} ? %facts : () }

# Always a new file; `sync` puts it on the disk with its folder entry (a journaled file system syncs both with the file).
sub put {
    my ($path, $mode, $bytes, $sync) = @_;
    sysopen(my $file, $path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, $mode) or die $!{EEXIST} && $sync ? "already-there it was started before\n" : "$path: $!\n";
    my $done = 0;
    while ($done < length $bytes) { $done += syswrite($file, $bytes, 1 << 20, $done) // die "$path: $!\n" }
    !$sync or call('fsync', fileno $file) or die "$path: $!\n";
    close $file or die "$path: $!\n";
}

# A path of an input file: relative, and staying below where it is put.
sub safe_path { my ($path) = @_; return $path !~ /\0/ && length $path <= 1024 && !grep { $_ eq '' || $_ eq '.' || $_ eq '..' } split m{/}, "$path/x" }

# [path, executable, bytes]; the work folder is new and empty, so there is no link to follow out of it.
sub put_input {
    my ($work, $input) = @_;
    my ($path, $executable, $bytes) = @$input;
    my @folders = split m{/}, $path;
    pop @folders;
    my $folder = $work;
    for (@folders) { $folder .= "/$_"; mkdir $folder, 0755 or $!{EEXIST} or die "input file $path: $!\n" }
    put("$work/$path", $executable ? 0755 : 0644, $bytes);
}

# By rename, on disk. On a full disk it goes into the room taken before the start. True also where the folder is gone.
sub end_is_written {
    my ($place, $report) = @_;
    sysopen(my $file, "$place/.ended", O_WRONLY | O_CREAT, 0640) or return !-d $place;
    return (syswrite($file, $report) // 0) == length $report && truncate($file, length $report)
        && rename("$place/.ended", "$place/ended") && call('fsync', fileno $file);
}

1;
