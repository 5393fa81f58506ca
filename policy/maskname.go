package policy

// String names the mask in words, as audit records and explanations have it.
func (k MaskKind) String() string {
	switch k {
	case MaskNone:
		return "none"
	case MaskHide:
		return "hide"
	case MaskNull:
		return "null"
	case MaskKAnonymity:
		return "k-anonymity"
	case MaskConstant:
		return "constant"
	case MaskRandomized:
		return "randomized"
	case MaskHash:
		return "hash"
	case MaskReversible:
		return "reversible"
	case MaskFormatPreserving:
		return "format-preserving"
	case MaskRegex:
		return "regex"
	case MaskRound:
		return "round"
	case MaskCustom:
		return "custom"
	}
	return "unknown"
}
