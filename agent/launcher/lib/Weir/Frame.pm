package Weir::Frame;

# The one format between the agent and its programs, and of a Slurm chunk's `order` file: a frame is u32 length and then
# fields, each u16 length + name, u32 length + value (big endian). Names may repeat: that is a list.
use strict;
use warnings;
use Exporter qw(import);
our @EXPORT = qw(fields_of one whole payload_of frame_of);

# name => [values]; a torn payload gives what could be read of it.
sub fields_of {
    my %f;
    my @pairs = eval { unpack '(n/a* N/a*)*', $_[0] };
    while (my ($name, $value) = splice @pairs, 0, 2) { push @{ $f{$name} }, $value // '' }
    return \%f;
}

# The one value of a name; dies "invalid …" where it is not there once, or not as it must be.
sub one {
    my ($f, $name, $pattern, $rule) = @_;
    my @values = @{ $f->{$name} // [] };
    die "invalid $name" . ($rule ? ": $rule\n" : "\n") unless @values == 1 && $values[0] =~ whole($pattern);
    return $values[0];
}

# The pattern for the whole of a text; kept, since to make one takes longer than all else that is done with a field.
my %whole;
sub whole { return $whole{ $_[0] } //= qr/\A(?:$_[0])\z/ }

sub payload_of { return pack '(n/a* N/a*)*', @_ }
sub frame_of   { my $payload = payload_of(@_); return pack('N', length $payload) . $payload }

1;
