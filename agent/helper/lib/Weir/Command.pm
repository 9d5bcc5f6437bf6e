package Weir::Command;

# Runs a program: by its path and a list of words, never through a shell, with a time limit.
use strict;
use warnings;
use Fcntl qw(:DEFAULT);
use POSIX ();
use Weir::Kernel;
use Exporter qw(import);
our @EXPORT = qw(run);

# (wait status, stdout, stderr); the status is -1 when it was ended for its time or its output, with words as stderr.
# %with: timeout (s), env (replaces ours), input, max (bytes of output), keep (a handle that stays open in it).
sub run {
    my ($argv, %with) = @_;
    pipe(my $out, my $its_out) && pipe(my $err, my $its_err) && pipe(my $its_in, my $in) or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        POSIX::setpgid(0, 0);
        $SIG{$_} = 'DEFAULT' for qw(PIPE TERM INT HUP CHLD);
        POSIX::dup2(fileno $its_in, 0);
        POSIX::dup2(fileno $its_out, 1);
        POSIX::dup2(fileno $its_err, 2);
        fcntl($with{keep}, F_SETFD, 0) if $with{keep};
        %ENV = %{ $with{env} } if $with{env};
        no warnings 'exec';
        exec { $argv->[0] } @$argv;
        syswrite STDERR, "$argv->[0]: $!\n";
        POSIX::_exit(127);
    }
    close $_ for $its_in, $its_out, $its_err;
    my %text = (out => '', err => '');
    my %open = (out => $out, err => $err);
    my $input = $with{input} // '';
    my $until = monotonic_ms() + 1000 * ($with{timeout} // 60);
    my $max = $with{max} // 64 << 20;
    while (%open) {
        my ($readable, $writable) = ('', '');
        vec($readable, fileno $_, 1) = 1 for values %open;
        if ($in && $input eq '') { close $in; undef $in }
        vec($writable, fileno $in, 1) = 1 if $in;
        my $left = ($until - monotonic_ms()) / 1000;
        my $ready = $left > 0 ? select $readable, $writable, undef, $left : 0;
        if ($ready <= 0 || length($text{out}) + length($text{err}) > $max) {
            kill 'KILL', -$pid, $pid;
            waitpid $pid, 0;
            return (-1, $text{out}, $ready <= 0 ? "$argv->[0] was ended: it took longer than " . ($with{timeout} // 60) . ' s' : "$argv->[0] was ended: it said more than $max bytes");
        }
        if ($in && vec $writable, fileno $in, 1) {
            my $count = syswrite $in, $input, 1 << 14;
            if (defined $count) { substr($input, 0, $count) = '' } else { $input = '' }
        }
        for my $name (keys %open) {
            next unless vec $readable, fileno $open{$name}, 1;
            delete $open{$name} unless sysread $open{$name}, $text{$name}, 1 << 16, length $text{$name};
        }
    }
    waitpid $pid, 0;
    return ($?, $text{out}, $text{err});
}

1;
