package wxotel

// Series is how many series o keeps the labels of.
func (o *Observer) Series() int { return len(*o.labels.made.Load()) }
