package Weir::Confine;

# Where a run may leave files. Its uid is another run's later, so whatever it could make or change anywhere must be found
# again at its end: it can write in its own folder, in temporary folders of its own, and where the job says, nowhere else.
use strict;
use warnings;
use Fcntl qw(:DEFAULT);
use POSIX ();
use Weir::Kernel;
use Exporter qw(import);
our @EXPORT = qw(way_to_confine open_places confine);

use constant { CLONE_NEWNS => 0x20000, CLONE_NEWIPC => 0x08000000, MS_BIND => 0x1000, MS_BIND_REC => 0x5000, O_PATH => 010000000 };
use constant READ_ONLY => 0x1 | 0x20 | MS_BIND;    # MS_RDONLY | MS_REMOUNT | MS_BIND: of this view alone
use constant STRICTATIME => 1 << 24;
use constant KEPT => { nosuid => 0x2, nodev => 0x4, noexec => 0x8, nosymfollow => 0x100, noatime => 0x400, nodiratime => 0x800, relatime => 1 << 21 };
# No file of a user's can be made in these; and namespaces of a job's own are set up by writing below /proc.
use constant WITHOUT_FILES => qr/^(?:proc|cgroup2?|autofs)$/;
use constant MAKE => 0xff << 6;    # LANDLOCK_ACCESS_FS_MAKE_CHAR … MAKE_SYM (bits 6 to 12) and REFER (13), linux/landlock.h

# "view": mount namespaces, in which all else is read-only; "landlock", where a container forbids those: nothing can be
# made anywhere else; "none": what a run left is looked for on the whole machine. Found by trying.
sub way_to_confine {
    my ($with_namespaces, $with_landlock) = @_;
    if ($with_namespaces) {
        my $pid = fork // die "fork: $!\n";
        POSIX::_exit(call('unshare', CLONE_NEWNS | CLONE_NEWIPC) && mount_at('none', '/', '', 0x44000, '') ? 0 : 1) unless $pid;
        waitpid $pid, 0;
        return 'view' if $? == 0;
    }
    my $version = $with_landlock ? call('landlock_create_ruleset', 0, 0, 1) : undef;
    return defined $version && $version >= 2 ? 'landlock' : 'none';    # without REFER nothing could be moved between folders
}

# The folders that the job names, each held open, so that what is swept at its end is what was given to it.
# [{ path, handle, key }]; one that is not there is left out.
sub open_places {
    my ($r, @paths) = @_;
    my @handles = as_user(@$r{qw(uid gid)}, sub { grep { $_ } map { open_path($_) } @paths });
    return map { { path => readlink('/proc/self/fd/' . fileno $_), handle => $_, key => key($_) } } @handles;
}

sub open_path { sysopen(my $handle, $_[0], O_PATH | O_DIRECTORY) or return; return $handle }
sub key { return join ',', (stat $_[0])[0, 1] }

# In the child, still as root; $r->{named}: of open_places.
sub confine {
    my ($r) = @_;
    return confine_by_view($r)     if $r->{confines} eq 'view';
    return confine_by_landlock($r) if $r->{confines} eq 'landlock';
}

# In a copy of the wrapper's view: the wrapper's own has files open for writing, which no mount forbids afterwards.
sub confine_by_view {
    my ($r) = @_;
    call('unshare', CLONE_NEWNS) or die "126 a view of its own: $!\n";
    my @named = grep { $_->{path} ne '/' && key($_->{path}) eq $_->{key} } @{ $r->{named} };
    my @writable = ((map { $_->{path} } @named), $r->{place});
    mount_at($_, $_, '', MS_BIND_REC, '') or die "126 $_ in its view: $!\n" for @writable;
    push @writable, @{ $r->{private} };
    for my $mount (mounts()) {
        next if $mount->{type} =~ WITHOUT_FILES || $mount->{flags} & 1 || grep { "$mount->{path}/" =~ m{^\Q$_\E/} } @writable;
        # EINVAL: another mount lies over it, so nothing leads there.
        mount_at('none', $mount->{path}, '', READ_ONLY | $mount->{flags}, '') or $!{EINVAL} or die "126 $mount->{path} read-only: $!\n";
    }
}

sub mounts {
    my @mounts;
    for (split /\n/, read_file('/proc/self/mountinfo') // die "126 /proc/self/mountinfo: $!\n") {
        my ($of, $type) = /^(.*?) - (\S+)/ or next;
        my ($path, $options) = (split ' ', $of)[4, 5];
        my $flags = 0;
        $flags |= $_ eq 'ro' ? 1 : KEPT->{$_} // 0 for split /,/, $options;
        $flags |= STRICTATIME unless $flags & (KEPT->{noatime} | KEPT->{relatime});
        push @mounts, { path => $path =~ s/\\(\d{3})/chr oct $1/ger, type => $type, flags => $flags };
    }
    return @mounts;
}

sub confine_by_landlock {
    my ($r) = @_;
    my $handled = pack 'Q', MAKE;
    my $rules = call('landlock_create_ruleset', $handled, 8, 0) // die "126 Landlock: $!\n";
    my @own = open_places({}, $r->{place}, @{ $r->{private} });
    for my $place (@own, @{ $r->{named} }) {
        next if $place->{path} eq '/';
        my $beneath = pack 'Ql', MAKE, fileno $place->{handle};
        call('landlock_add_rule', $rules + 0, 1, $beneath, 0) or die "126 Landlock: $!\n";
    }
    call('landlock_restrict_self', $rules + 0, 0) or die "126 Landlock: $!\n";
    POSIX::close($rules + 0);
}

1;
