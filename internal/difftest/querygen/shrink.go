package querygen

// maxShrinkTries bounds how often a smaller query is tried.
const maxShrinkTries = 4000

// Shrink cuts the tree as long as fails still says true of what is left, and returns the smallest tree that it found. Cuts that make
// the query invalid do no harm: then it does not fail in the way that is asked for.
func Shrink(root *Node, fails func(*Node) bool) *Node {
	best := root.clone()
	tries := 0
	for progress := true; progress && tries < maxShrinkTries; {
		progress = false
		for i := 0; i < count(best) && tries < maxShrinkTries; i++ {
			for _, smaller := range cuts(best, i) {
				if tries++; tries >= maxShrinkTries {
					break
				}
				if size(smaller) < size(best) && fails(smaller) {
					best, progress = smaller, true
					break
				}
			}
		}
	}
	return best
}

func size(n *Node) int { return len(n.Render(false).SQL) }

func count(n *Node) int {
	total := 1
	for _, p := range n.parts {
		if c, ok := p.(*Node); ok {
			total += count(c)
		}
	}
	return total
}

// at returns the node of a number, in the order in which they print.
func at(n *Node, i *int) *Node {
	if *i == 0 {
		return n
	}
	*i--
	for _, p := range n.parts {
		if c, ok := p.(*Node); ok {
			if found := at(c, i); found != nil {
				return found
			}
		}
	}
	return nil
}

// cuts returns copies of the tree, each with one thing less at the node of a number.
func cuts(root *Node, number int) []*Node {
	var out []*Node
	change := func(f func(n *Node)) {
		c := root.clone()
		i := number
		if n := at(c, &i); n != nil {
			f(n)
			out = append(out, c)
		}
	}
	i := number
	n := at(root, &i)
	if n == nil {
		return nil
	}
	if n.optional && len(n.parts) > 0 {
		change(func(n *Node) { n.parts = nil })
	}
	if n.separator != "" && len(n.parts) > 1 {
		for k := range n.parts {
			change(func(n *Node) { n.parts = append(n.parts[:k:k], n.parts[k+1:]...) })
		}
	}
	if n.sort != "" {
		for _, d := range below(n, n.sort, nil) {
			change(func(n *Node) { *n = *d.clone() })
		}
	}
	if n.simplest != "" {
		change(func(n *Node) { n.parts, n.sort, n.simplest = []any{n.simplest}, "", "" })
	}
	return out
}

// below lists the nodes of a sort under a node.
func below(n *Node, sort string, out []*Node) []*Node {
	for _, p := range n.parts {
		if c, ok := p.(*Node); ok {
			if c.sort == sort {
				out = append(out, c)
			}
			out = below(c, sort, out)
		}
	}
	return out
}
