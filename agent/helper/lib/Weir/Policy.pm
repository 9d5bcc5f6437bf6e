package Weir::Policy;

# What the site allows: lines of `key value…` in a file that only root can change. What it does not name is not allowed.
# docs/guides/least-privilege.md explains each line.
use strict;
use warnings;
use Fcntl qw(:DEFAULT :mode);
use Weir::Kernel;
use Exporter qw(import);
our @EXPORT = qw(read_policy untrusted path_of allows refuse failed);

my $NUMBER = qr/\d{1,9}/;
my $WORD   = qr/[\w.@:*?\[\]+-]{1,128}/;
my $PATH   = qr{/[\w.@+/-]{0,1000}};
my $PERSON = qr{(?:/|%h/?)[\w.@+/%-]{0,1000}};    # a path for each person: %u their name, %h their home
# key => [pattern of each value, many or one, the value where the line is absent]
my %KEY = (
    'min-uid' => [$NUMBER, 0, 1000], 'group' => [$WORD, 0, 'weir-users'],
    'forbidden-group' => [$WORD, 1, []], 'forbidden-user' => [$WORD, 1, []],
    (map { $_ => [$WORD, 1, []] } qw(account partition qos reservation licence)),
    'runs' => [$PERSON, 0, '%h/.weir'], 'output-root' => [$PERSON, 1, []],
    'max-nodes' => [$NUMBER, 0, 1_000_000], 'max-cores' => [$NUMBER, 0, 100_000_000], 'max-memory-mib' => [$NUMBER, 0, 999_999_999],
    'max-time-min' => [$NUMBER, 0, 43_200], 'max-array' => [$NUMBER, 0, 1000], 'max-files-mib' => [qr/\d{1,2}/, 0, 16],
    'requeue' => [qr/yes|no/, 0, 'no'], 'load' => [qr/yes|no/, 0, 'no'], 'token-lifespan-max' => [$NUMBER, 0, 0],
    'slurm-conf' => [$PATH, 0, ''], 'slurm-bin' => [$PATH, 0, '/usr/bin'], 'command-timeout' => [$NUMBER, 0, 90], 'hook-timeout' => [$NUMBER, 0, 60],
    'stop' => [$PATH, 0, '/etc/weir/stop'], 'audit' => [$PATH, 0, '/var/log/weir/weir-as.log'], 'syslog' => [qr{/[\w.@+/-]{0,100}}, 0, '/dev/log'],
);
my $HOOK = qr/before-submit|create-account|add-association|remove|quota/;
# Whoever is in one of these can become root, or reads what only root should, or rules Slurm.
my @ADMINISTRATIVE = qw(root sudo wheel adm admin disk shadow docker lxd incus incus-admin libvirt systemd-journal kmem staff slurm munge);

# The policy as { key => value or [values], hook => { name => path }, mark }. Dies where it cannot be trusted or read.
sub read_policy {
    my ($path) = @_;
    my $why = untrusted($path);
    die "the policy is not in force: $why\n" if $why;
    sysopen(my $file, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or die "the policy $path: $!\n";
    my @stat = stat $file;
    die "the policy is not in force: $path is not a file of root's that only root can write\n" unless S_ISREG($stat[2]) && $stat[4] == 0 && !($stat[2] & 022);
    my %policy = (hook => {}, mark => join('-', @stat[1, 7, 9, 10]));
    my %seen;
    while (my $line = <$file>) {
        $line =~ s/#.*|\s+\z//g;
        my ($key, @values) = split ' ', $line or next;
        die "the policy $path, line $.: at least one value is needed after $key\n" unless @values;
        if ($key eq 'hook') {
            die "the policy $path, line $.: hook NAME PATH\n" unless @values == 2 && $values[0] =~ /\A$HOOK\z/ && $values[1] =~ m{\A$PATH\z};
            $policy{hook}{ $values[0] } = $values[1];
            next;
        }
        my ($pattern, $many) = @{ $KEY{$key} // die "the policy $path, line $.: $key is no key of a policy\n" };
        for (@values) { /\A$pattern\z/ or die "the policy $path, line $.: $_ cannot be a value of $key\n" }
        die "the policy $path, line $.: $key is said twice, or has more than one value\n" if !$many && ($seen{$key}++ || @values > 1);
        if ($many) { push @{ $policy{$key} }, @values } else { $policy{$key} = $values[0] }
    }
    $policy{$_} //= $KEY{$_}[2] for keys %KEY;
    $policy{'forbidden-group'} = [@ADMINISTRATIVE, @{ $policy{'forbidden-group'} }];
    $policy{'forbidden-user'}  = ['root', 'slurm', @{ $policy{'forbidden-user'} }];
    return \%policy;
}

# '' when nobody but root can put something else at this path; else why not. A sticky folder (/tmp) is no danger to what
# root owns in it.
sub untrusted {
    my ($path) = @_;
    return "$path is not an absolute path without . and .." if $path !~ m{^/} || grep { $_ eq '.' || $_ eq '..' } split m{/}, $path;
    my $here = '';
    for my $name ('', grep { length } split m{/}, $path) {
        $here = $name eq '' ? '/' : $here eq '/' ? "/$name" : "$here/$name";
        my @stat = lstat $here or return "$here: $!";
        return "$here is a symbolic link: name the real path" if S_ISLNK($stat[2]);
        return "$here belongs to uid $stat[4], not to root" if $stat[4] != 0;
        return sprintf('%s can be written by others than root (mode %o)', $here, $stat[2] & 07777)
            if $stat[2] & 022 && !(S_ISDIR($stat[2]) && $stat[2] & 01000);
    }
    return '';
}

# A path of the policy for one person.
sub path_of {
    my ($pattern, $person) = @_;
    my $path = $pattern =~ s/%([uh%])/{ u => $person->{name}, h => $person->{home}, '%' => '%' }->{$1}/ger;
    $path =~ s{/+}{/}g;
    refuse('runs', "the policy's path $pattern is $path for $person->{name}") if $path !~ m{\A/[\w.@+/-]+\z} || grep { $_ eq '..' } split m{/}, $path;
    return $path =~ s{/\z}{}r;
}

# Whether a word matches one of the policy's patterns (* and ?); the pattern `-` stands for: none was named.
sub allows {
    my ($policy, $key, $word) = @_;
    for my $pattern (@{ $policy->{$key} }) {
        return 1 if $pattern eq '*';
        if ($word eq '') { return 1 if $pattern eq '-'; next }
        my $as_regex = join '', map { $_ eq '*' ? '.*' : $_ eq '?' ? '.' : quotemeta } split //, $pattern;
        return 1 if $word =~ /\A$as_regex\z/;
    }
    return 0;
}

# The two ways to end a request early: what the site does not allow (audited), and what did not work.
sub refuse { my ($rule, $words) = @_; die { error => 'refused', rule => $rule, words => $words } }
sub failed { my ($error, $words, %more) = @_; die { error => $error, words => $words, %more } }

1;
