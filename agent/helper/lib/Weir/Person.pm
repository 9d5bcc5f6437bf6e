package Weir::Person;

# The user for whom something is done: whether the policy lets the helper act as them, and becoming them for good.
use strict;
use warnings;
use Weir::Command;
use Weir::Kernel;
use Weir::Policy;
use Exporter qw(import);
our @EXPORT = qw(person_of check_person become_person);

# { name, uid, gid, groups, home, shell } by the machine's own tables (NSS), or a refusal.
sub person_of {
    my ($name) = @_;
    my @entry = getpwnam $name or refuse('user', "there is no user $name here");
    my ($status, $out) = run(['/usr/bin/id', '-G', $entry[0]], timeout => 20);
    failed('failed', "the groups of $name cannot be found out") if $status != 0 || $out !~ /^\d+(?: \d+)*$/;
    return { name => $entry[0], uid => $entry[2], gid => $entry[3], groups => [split ' ', $out], home => $entry[7], shell => $entry[8] };
}

sub check_person {
    my ($policy, $person) = @_;
    my ($name, $uid) = @$person{qw(name uid)};
    refuse('root', "$name has uid 0: the helper never acts as root") if $uid == 0;
    refuse('min-uid', "$name has uid $uid; the policy's least is $policy->{'min-uid'}") if $uid < $policy->{'min-uid'};
    refuse('forbidden-user', "the policy forbids to act as $name") if grep { $_ eq $name } @{ $policy->{'forbidden-user'} };
    my %of = map { $_ => 1 } @{ $person->{groups} }, $person->{gid};
    refuse('forbidden-group', "$name is in the group of gid 0") if $of{0};
    for my $group (@{ $policy->{'forbidden-group'} }) {
        my $gid = getgrnam $group;
        refuse('forbidden-group', "$name is in the administrative group $group") if defined $gid && $of{$gid};
    }
    my $gid = getgrnam $policy->{group};
    refuse('group', "$name is not in the group $policy->{group}, whose members use the network") unless defined $gid && $of{$gid};
}

# No way back. What is written from here on has the user's rights, and what runs has an environment made of nothing.
sub become_person {
    my ($person) = @_;
    chdir '/';
    umask 022;
    become($person->{uid}, $person->{gid}, @{ $person->{groups} });
    $> == $person->{uid} && $< == $person->{uid} or POSIX::_exit(70);
    %ENV = (PATH => '/usr/local/bin:/usr/bin:/bin', HOME => $person->{home}, USER => $person->{name}, LOGNAME => $person->{name}, SHELL => $person->{shell}, LANG => 'C.UTF-8');
}

1;
